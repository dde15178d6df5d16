import type { Caller, JobReply, Shell } from "@brains/shell";
import { ProtocolError, ProtocolErrorCode, type JSONRPCMessage, type McpServer } from "@modelcontextprotocol/server";
import { shellData, type ShellData } from "../shell-data.ts";
import { ResourceWatch } from "./watch.ts";
import { workUri } from "./work-uri.ts";

/** Resources of one subscription. */
const MOST = 100;

/** `resources/subscribe` of the revisions before 2026-07-28: a server's one client is told, until it unsubscribes or goes. */
export function serveSubscriptions(mcp: McpServer, shell: Shell, caller: Caller): void {
  const { server } = mcp;
  // A client without an open stream hears nothing, and needs no error for it.
  const watch = new ResourceWatch(shell, (uri) => void server.sendResourceUpdated({ uri }).catch(() => undefined));
  const ends = new Map<string, () => void>();
  const data = shellData(shell, caller);
  server.setRequestHandler("resources/subscribe", async ({ params: { uri } }) => {
    await demandWork(data, uri);
    if (ends.has(uri)) return {};
    if (ends.size >= MOST) throw refused(`${MOST} resources are subscribed to already. Unsubscribe from one.`);
    const end = watch.add(uri, caller);
    if (!end) throw refused("Too many resources are watched. Try again later.");
    ends.set(uri, end);
    return {};
  });
  server.setRequestHandler("resources/unsubscribe", ({ params: { uri } }) => {
    ends.get(uri)?.();
    ends.delete(uri);
    return {};
  });
  // oxlint-disable-next-line unicorn/prefer-add-event-listener -- a server has no other way
  server.onclose = () => watch.close();
}

async function demandWork(data: ShellData, uri: string): Promise<void> {
  const work = workUri(uri);
  const reply = work && (await data<JobReply>("job", { id: work.id }).catch(() => undefined));
  if (reply?.kind !== work?.kind || !work) {
    throw refused(`There is no ${uri}. Subscribe to job://<id>, job://<id>/output or batch://<id>.`);
  }
}

/**
 * `subscriptions/listen` of 2026-07-28. The SDK opens the stream, says what it takes and writes to it; this watches what the streams ask for, as
 * long as they are open.
 */
export class Listening {
  readonly #watch: ResourceWatch;
  readonly #open = new Map<unknown, () => void>();

  constructor(shell: Shell, publish: (uri: string) => void) {
    this.#watch = new ResourceWatch(shell, publish);
  }

  /** Undefined for any other message. The message may come back shorter, so that what is acknowledged is what is watched. */
  begin(message: unknown, caller: Caller): { readonly message: unknown; readonly end: () => void } | undefined {
    const listen = listenMessage(message);
    if (!listen) return undefined;
    const ends: (() => void)[] = [];
    const uris = new Set(listen.uris.slice(0, MOST));
    const watched = [...uris].filter((uri) => {
      const end = this.#watch.add(uri, caller);
      if (end) ends.push(end);
      // What is not work is somebody else's to tell about.
      return end !== undefined || !workUri(uri);
    });
    const { params } = listen;
    const notifications = { ...params.notifications, resourceSubscriptions: watched };
    return {
      message: { ...(message as object), params: { ...params, notifications } },
      end: () => ends.forEach((end) => end()),
    };
  }

  /** For a connection that carries many messages: the message to deliver. */
  received(message: JSONRPCMessage, caller: Caller): JSONRPCMessage {
    const { method, params, id } = message as { method?: string; params?: { requestId?: unknown }; id?: unknown };
    if (method === "notifications/cancelled") this.#end(params?.requestId);
    const begun = this.begin(message, caller);
    if (!begun) return message;
    this.#end(id);
    this.#open.set(id, begun.end);
    return begun.message as JSONRPCMessage;
  }

  close(): void {
    this.#watch.close();
    this.#open.clear();
  }

  #end(id: unknown): void {
    this.#open.get(id)?.();
    this.#open.delete(id);
  }
}

interface ListenParams {
  readonly notifications: { readonly resourceSubscriptions: readonly string[] };
}

function listenMessage(
  message: unknown,
): { readonly params: ListenParams; readonly uris: readonly string[] } | undefined {
  const { method, params } = (message ?? {}) as { method?: unknown; params?: Partial<ListenParams> };
  const uris: unknown = params?.notifications?.resourceSubscriptions;
  // Anything of another form is the SDK's to refuse.
  if (method !== "subscriptions/listen" || !Array.isArray(uris)) return undefined;
  if (!uris.every((uri) => typeof uri === "string")) return undefined;
  return { params: params as ListenParams, uris };
}

function refused(message: string): ProtocolError {
  return new ProtocolError(ProtocolErrorCode.InvalidParams, message);
}
