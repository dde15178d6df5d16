import type { Caller } from "@brains/shell";
import { createMcpHandler, isLegacyRequest } from "@modelcontextprotocol/server";
import { authenticate, type VerifyToken } from "./bearer.ts";
import { refusal, whenOver } from "./http-answers.ts";
import { readJson, type BodyLimits } from "./http-body.ts";
import { guard, LOOPBACK_NAMES } from "./http-guard.ts";
import { RequestCounter, type RequestLimits } from "./http-limits.ts";
import { LegacySessions, type SessionLimits } from "./legacy-sessions.ts";
import { Listening } from "./resources/subscriptions.ts";
import { toolServers, type ToolServerOptions } from "./tool-server.ts";

export interface HttpLimits extends BodyLimits, RequestLimits, SessionLimits {}

const LIMITS: HttpLimits = {
  bytes: 4 * 1024 * 1024,
  depth: 100,
  rate: 1000,
  burst: 2000,
  open: 256,
  sessions: 100,
  idle: 30 * 60_000,
};

/** Messages in one body, which revision 2025-03-26 allows; they count as one request. */
const MOST_AT_ONCE = 10;

export interface McpHttpOptions extends ToolServerOptions {
  /** Whose token a request carries. There is no way without one. */
  readonly verify: VerifyToken;
  /** Default: /mcp. */
  readonly path?: string | undefined;
  /** Names besides the loopback ones under which this server may be asked. */
  readonly names?: readonly string[] | undefined;
  readonly limits?: Partial<HttpLimits> | undefined;
  /** Where errors of the protocol and of the server are reported. Default: nowhere. */
  readonly onError?: ((error: Error) => void) | undefined;
  /** Milliseconds since the epoch. Default: the system's clock. */
  readonly now?: (() => number) | undefined;
}

/** MCP over Streamable HTTP, to be mounted wherever requests and responses of the web's standard are served. */
export interface McpHttp {
  fetch(request: Request): Promise<Response>;
  /** Ends open calls and streams. The jobs go on. */
  close(): Promise<void>;
}

/**
 * Serves clients of revision 2026-07-28, one server per request, and older ones, one server per session. Throws when a tool cannot be offered.
 */
export function mcpOverHttp(options: McpHttpOptions): McpHttp {
  const { verify, path = "/mcp", names = [], now = Date.now } = options;
  const limits = { ...LIMITS, ...options.limits };
  // A tool that cannot be offered is heard of now, and not by the first client whose role has it.
  const serverFor = toolServers(options, { principal: "mcp", role: "admin", interface: "mcp" });
  const counter = new RequestCounter(limits, now);
  const sessions = new LegacySessions(limits, now);
  const modern = createMcpHandler(
    ({ authInfo }) => serverFor({ ...(authInfo?.extra as { caller: Caller; method?: string }), era: "modern" }),
    {
      legacy: "reject",
      ...(options.onError && { onerror: options.onError }),
    },
  );

  const listening = new Listening(options.shell, (uri) => modern.notify.resourceUpdated(uri));

  return {
    async fetch(request) {
      const unwelcome = guard(request, { path, names: [...LOOPBACK_NAMES, ...names] });
      if (unwelcome) return unwelcome;
      try {
        const known = await authenticate(request, verify);
        if ("refused" in known) return known.refused;
        const caller: Caller = { ...known.holder, interface: "mcp" };
        const entry = counter.enter(caller.principal);
        if ("refused" in entry) return entry.refused;
        return await whenOver(await serve(request, caller), entry.leave);
      } catch (error) {
        options.onError?.(error instanceof Error ? error : new Error(String(error)));
        return refusal(500, "The server failed. Its log says why.", {}, -32603);
      }
    },
    async close() {
      listening.close();
      await Promise.all([modern.close(), sessions.close()]);
    },
  };

  async function serve(request: Request, caller: Caller): Promise<Response> {
    const body = request.method === "POST" ? await readJson(request, limits) : { json: undefined };
    if ("refused" in body) return body.refused;
    const { json } = body;
    if (Array.isArray(json) && json.length > MOST_AT_ONCE) {
      return refusal(400, `A body holds ${MOST_AT_ONCE} messages at most.`, {}, -32600);
    }
    if (await isLegacyRequest(request, json)) {
      return sessions.fetch(request, json, caller.principal, () => serverFor({ caller, era: "legacy" }));
    }
    // The token has done its work; nothing behind this point needs it.
    const authInfo = { token: "", clientId: caller.principal, scopes: [], extra: { caller, method: methodOf(json) } };
    const watching = listening.begin(json, caller);
    if (!watching) return modern.fetch(request, { authInfo, parsedBody: json });
    try {
      return await whenOver(await modern.fetch(request, { authInfo, parsedBody: watching.message }), watching.end);
    } catch (error) {
      watching.end();
      throw error;
    }
  }
}

function methodOf(json: unknown): string | undefined {
  const method = (json as { method?: unknown } | undefined)?.method;
  return typeof method === "string" ? method : undefined;
}
