import { Console } from "node:console";
import { Writable, type Readable } from "node:stream";
import { serveStdio as serve, StdioServerTransport } from "@modelcontextprotocol/server/stdio";
import type { McpServer } from "@modelcontextprotocol/server";
import type { Caller } from "@brains/shell";
import { Listening } from "./resources/subscriptions.ts";
import { toolServers, type ToolServerOptions } from "./tool-server.ts";

export interface ServeStdioOptions extends ToolServerOptions {
  /** Who is at the other end. */
  readonly caller: Caller;
  /** Default: this process's. */
  readonly stdin?: Readable | undefined;
  /** Default: `claimStdout()`. */
  readonly stdout?: Writable | undefined;
  /** Where protocol errors are reported. Default: stderr. */
  readonly onError?: ((error: Error) => void) | undefined;
}

/**
 * Serves the caller's tools over stdio, to clients of the present and the older protocol revisions. Resolves when the client has gone (end of
 * stdin); jobs go on. Throws before it reads anything when a tool cannot be offered. The process must exit by itself afterwards: timers and
 * the store may keep it alive.
 */
export async function serveStdio(options: ServeStdioOptions): Promise<void> {
  const wire = options.stdout ?? claimStdout();
  const { caller } = options;
  const serverFor = toolServers(options, caller);
  const transport = new StdioServerTransport(options.stdin ?? process.stdin, wire);
  const gone = new Promise<void>((resolve) => {
    const { stdin = process.stdin } = options;
    for (const end of ["end", "close", "error"]) stdin.once(end, () => resolve());
    wire.once("error", () => resolve());
  });
  let server: McpServer | undefined;
  const report = options.onError ?? ((error) => process.stderr.write(`brains mcp: ${troubleText(error)}\n`));
  const listening = new Listening(options.shell, (uri) => {
    // To whoever listens for it; the SDK knows who does.
    server?.server.sendResourceUpdated({ uri }).catch(() => undefined);
  });
  const handle = serve(({ era }) => (server = serverFor({ caller, era })), { transport, onerror: report });
  const deliver = transport.onmessage;
  // oxlint-disable-next-line unicorn/prefer-add-event-listener -- a transport has no other way
  transport.onmessage = (message) => deliver?.(listening.received(message, caller));
  await gone;
  listening.close();
  await handle.close();
}

/** A message that fits no shape of the protocol fails each of them, at a screenful. */
function troubleText(error: Error): string {
  if ("issues" in error) return "a message that is not JSON-RPC was ignored";
  return error.message.split("\n", 1)[0] ?? error.name;
}

/**
 * The way to this process's stdout, for the protocol alone: what anybody else writes there from now on goes to stderr. Call it before any
 * plugin is loaded; a console.log in one of them would break the protocol.
 */
export function claimStdout(): Writable {
  const write = process.stdout.write.bind(process.stdout);
  const wire = new Writable({
    decodeStrings: false,
    write: (chunk: string | Buffer, encoding: BufferEncoding, done) => {
      write(chunk, encoding, (error) => done(error));
    },
  });
  process.stdout.on("error", (error) => wire.destroy(error));
  process.stdout.write = process.stderr.write.bind(process.stderr);
  globalThis.console = new Console(process.stderr, process.stderr);
  return wire;
}
