import { randomUUID } from "node:crypto";
import {
  isInitializeRequest,
  WebStandardStreamableHTTPServerTransport,
  type McpServer,
} from "@modelcontextprotocol/server";
import { refusal, whenOver } from "./http-answers.ts";

export interface SessionLimits {
  /** Sessions of one principal; the one that was idle longest makes room. */
  readonly sessions: number;
  /** Milliseconds after which an idle session is forgotten. */
  readonly idle: number;
}

interface Session {
  readonly principal: string;
  readonly server: McpServer;
  readonly transport: WebStandardStreamableHTTPServerTransport;
  /** Requests and streams that are open. */
  open: number;
  at: number;
}

const ID_HEADER = "mcp-session-id";

/**
 * Clients of the revisions before 2026-07-28, which shake hands once and speak of that session from then on. A server lives as long as the
 * session: only so does the cancelling of a call, which comes as a request of its own, reach it.
 */
export class LegacySessions {
  readonly #limits: SessionLimits;
  readonly #now: () => number;
  readonly #sessions = new Map<string, Session>();

  constructor(limits: SessionLimits, now: () => number) {
    this.#limits = limits;
    this.#now = now;
  }

  async fetch(request: Request, json: unknown, principal: string, newServer: () => McpServer): Promise<Response> {
    this.#forgetIdle();
    const id = request.headers.get(ID_HEADER);
    if (id === null) {
      if (!isInitializeRequest(json)) return refusal(400, "Send initialize first, or the header Mcp-Session-Id.");
      return this.#open(request, json, principal, newServer());
    }
    const session = this.#sessions.get(id);
    // The id is no proof of who asks: somebody else's session is not there.
    if (!session || session.principal !== principal) {
      return refusal(404, "There is no such session; it may have ended. Send initialize again.", {}, -32001);
    }
    return this.#serve(session, request, json);
  }

  async close(): Promise<void> {
    await Promise.all([...this.#sessions.values()].map(({ server }) => server.close()));
    this.#sessions.clear();
  }

  async #open(request: Request, json: unknown, principal: string, server: McpServer): Promise<Response> {
    if (!this.#makeRoom(principal)) {
      return refusal(429, `${this.#limits.sessions} sessions are in use. End one of them.`, { "Retry-After": "60" });
    }
    const transport = new WebStandardStreamableHTTPServerTransport({
      sessionIdGenerator: () => randomUUID(),
      onsessioninitialized: (id) => void this.#sessions.set(id, session),
      onsessionclosed: (id) => void (id !== undefined && this.#sessions.delete(id)),
    });
    const session: Session = { principal, server, transport, open: 0, at: this.#now() };
    await server.connect(transport);
    return this.#serve(session, request, json);
  }

  async #serve(session: Session, request: Request, json: unknown): Promise<Response> {
    session.open += 1;
    let left = false;
    const over = (): void => {
      if (left) return;
      left = true;
      session.open -= 1;
      session.at = this.#now();
    };
    try {
      return await whenOver(await session.transport.handleRequest(request, { parsedBody: json }), over);
    } catch (error) {
      over();
      throw error;
    }
  }

  #forgetIdle(): void {
    const oldest = this.#now() - this.#limits.idle;
    for (const [id, session] of this.#sessions) if (session.open === 0 && session.at < oldest) this.#end(id, session);
  }

  /** False if the principal has as many sessions as it may, and all of them are in use. */
  #makeRoom(principal: string): boolean {
    const own = [...this.#sessions].filter(([, session]) => session.principal === principal);
    if (own.length < this.#limits.sessions) return true;
    const [longest] = own.filter(([, { open }]) => open === 0).toSorted(([, a], [, b]) => a.at - b.at);
    if (!longest) return false;
    this.#end(...longest);
    return true;
  }

  #end(id: string, session: Session): void {
    this.#sessions.delete(id);
    // Ends a transport in memory; nothing is left to tell anybody.
    session.server.close().catch(() => undefined);
  }
}
