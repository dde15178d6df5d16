import type { Caller } from "@brains/shell";
import {
  McpServer,
  ProtocolError,
  ProtocolErrorCode,
  type CallToolResult,
  type InputRequiredResult,
  type ServerCapabilities,
  type ServerContext,
  type Tool,
} from "@modelcontextprotocol/server";
import { INSTRUCTIONS } from "./instructions.ts";
import { callTool, type ToolCall, type ToolCallOptions } from "./tool-call.ts";
import { demandTasks, QuestionNames, takesTasks, Tasks } from "./tasks.ts";
import { servePrompts } from "./prompts.ts";
import { serveResources } from "./resources/serve.ts";
import { serveSubscriptions } from "./resources/subscriptions.ts";
import { offerTools, type OfferedTool } from "./tool-list.ts";
import { wireName } from "./wire-names.ts";

export interface ToolServerOptions extends ToolCallOptions {
  readonly version: string;
  /** Tools, by their full names, of which a client that takes no tasks can make nothing. Default: none. */
  readonly onlyAsTask?: ((tool: string) => boolean) | undefined;
  /** Tools besides the shell's. */
  readonly native?: readonly NativeTool[] | undefined;
  /** What is served besides tools: called with every server before it is used. */
  readonly extend?: ((mcp: McpServer) => void) | undefined;
}

/** A tool that speaks the protocol itself, for whoever mounts this server. Its answer goes to the client as it is. */
export interface NativeTool {
  readonly tool: Tool;
  call(
    args: Record<string, unknown>,
    context: ServerContext,
    /** Calls a tool of the shell, as if the client had called it instead. */
    shellTool: (name: string, args: Record<string, unknown>) => Promise<CallToolResult>,
  ): Promise<CallToolResult | InputRequiredResult>;
}

/** Whom one server serves, and by which of the protocol's two forms: with a handshake (before 2026-07-28), or without. */
export interface Serving {
  readonly caller: Caller;
  readonly era: "legacy" | "modern";
  /** Of a server that answers one request: what it asks. Default: whatever is asked. */
  readonly method?: string | undefined;
}

/**
 * No list is said to change: tools and prompts are what the plugins gave when the process started, and nobody is told when work comes and goes,
 * which is what the list of resources shows.
 */
const CAPABILITIES: ServerCapabilities = {
  tools: { listChanged: false },
  completions: {},
  prompts: { listChanged: false },
  resources: { listChanged: false, subscribe: true },
};

/** The first revision whose results may have links to resources: a client of an older one would refuse the whole result. */
const LINKS_SINCE = "2025-06-18";

interface Offer {
  readonly byName: ReadonlyMap<string, OfferedTool>;
  readonly list: readonly OfferedTool["tool"][];
}

/**
 * Makes servers, for stdio and HTTP alike: one per connection, per session, or per request. They share the lists of tools, whose schemas are
 * built once per role. Throws at once when a tool cannot be offered to `first`.
 */
export function toolServers(options: ToolServerOptions, first?: Caller): (serving: Serving) => McpServer {
  const offers = new Map<string, Offer>();
  const names = new QuestionNames();
  const native = new Map(options.native?.map((one) => [one.tool.name, one]));
  if (first) offerTo(first);
  return ({ caller, era, method }) => {
    const { byName, list } = offerTo(caller);
    const mcp = new McpServer(
      { name: "brains", title: "brains", version: options.version },
      { capabilities: CAPABILITIES, instructions: INSTRUCTIONS },
    );
    const tasks = era === "modern" ? new Tasks(options.shell, caller, names) : undefined;
    tasks?.serve(mcp);
    // Handlers of the server underneath: through the one above, an error of the protocol would reach the client as a tool's answer.
    const { server } = mcp;
    server.setRequestHandler("tools/list", () => ({ tools: [...list] }));
    server.setRequestHandler("tools/call", ({ params: { name, arguments: args = {} } }, context) => {
      const shellTool = async (wire: string, input: Record<string, unknown>) => {
        const tool = byName.get(wire);
        if (!tool) throw new ProtocolError(ProtocolErrorCode.InvalidParams, unknownTool(wire, byName));
        if (options.onlyAsTask?.(tool.name)) demandTasks(context);
        const instead = tasks && takesTasks(context) ? asTask(tasks) : undefined;
        // oxlint-disable-next-line typescript/no-deprecated -- what a client with a handshake speaks is known nowhere else
        const links = era === "modern" || (server.getNegotiatedProtocolVersion() ?? "") >= LINKS_SINCE;
        return callTool(options, { tool, args: input, caller, context, links, instead });
      };
      return native.get(name)?.call(args, context, shellTool) ?? shellTool(name, args);
    });
    // What the SDK compares the headers of arguments (x-mcp-header) with before it calls.
    mcp.toolInputSchemaJson = (name) => (native.get(name) ?? byName.get(name))?.tool.inputSchema;
    // Most requests by far are calls and polls, which need none of this.
    const more = method === undefined || !/^(?:tools|tasks)\//.test(method);
    if (more) serveResources(mcp, options.shell, caller);
    if (era === "legacy") serveSubscriptions(mcp, options.shell, caller);
    if (more) servePrompts(mcp, options.shell, caller, byName);
    options.extend?.(mcp);
    return mcp;
  };

  function asTask(tasks: Tasks): ToolCall["instead"] {
    return async (reply) => {
      if (reply.kind !== "queued") return undefined;
      return tasks.created(reply.queued, await options.trouble?.({ looked: false }));
    };
  }

  function offerTo(caller: Caller): Offer {
    const key = `${caller.role} ${caller.kind ?? ""}`;
    const known = offers.get(key);
    if (known) return known;
    const byName = offerTools(options.shell.listTools(caller));
    const offer = { byName, list: [...byName.values(), ...native.values()].map(({ tool }) => tool) };
    offers.set(key, offer);
    return offer;
  }
}

function unknownTool(name: string, offered: ReadonlyMap<string, OfferedTool>): string {
  const near = offered.has(wireName(name)) ? ` Its name here is ${wireName(name)}.` : "";
  return `Unknown tool: ${name}.${near} tools/list names all that your role allows.`;
}
