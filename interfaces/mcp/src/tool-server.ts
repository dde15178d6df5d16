import { BrainsError, type Caller, type Shell } from "@brains/shell";
import {
  McpServer,
  ProtocolError,
  ProtocolErrorCode,
  type CallToolResult,
  type ServerContext,
} from "@modelcontextprotocol/server";
import { INSTRUCTIONS } from "./instructions.ts";
import { progressSender } from "./progress.ts";
import { MAX_KEY, MAX_WAIT, offerTools, type OfferedTool } from "./tool-list.ts";
import { errorResult, toolResult } from "./tool-result.ts";
import { wireName } from "./wire-names.ts";

export interface ToolServerOptions {
  readonly shell: Shell;
  readonly caller: Caller;
  readonly version: string;
  /**
   * A trouble of this brain that every answer should tell, e.g. that no worker could be started; undefined when there is none. `looked` asks for
   * one that has looked since the call: for answers that say how the work ended, which it may have done before the look did.
   */
  readonly trouble?: ((asked: { looked: boolean }) => Promise<string | undefined>) | undefined;
}

/** Makes servers that share one list of tools and its schemas; one server per connection. */
export function toolServers(options: ToolServerOptions): () => McpServer {
  const offered = offerTools(options.shell.listTools(options.caller));
  const tools = [...offered.values()].map(({ tool }) => tool);
  return () => {
    const mcp = new McpServer(
      { name: "brains", title: "brains", version: options.version },
      { capabilities: { tools: {} }, instructions: INSTRUCTIONS },
    );
    mcp.server.setRequestHandler("tools/list", () => ({ tools }));
    mcp.server.setRequestHandler("tools/call", async ({ params }, context) => {
      const tool = offered.get(params.name);
      if (!tool) throw new ProtocolError(ProtocolErrorCode.InvalidParams, unknownTool(params.name, offered));
      return call(tool, params.arguments ?? {}, context);
    });
    return mcp;
  };

  async function call(
    tool: OfferedTool,
    args: Record<string, unknown>,
    context: ServerContext,
  ): Promise<CallToolResult> {
    const progress = progressSender(context);
    try {
      const { input, wait, waitCappedTo, key } = splitArguments(tool, args, context);
      const reply = await options.shell.callTool(tool.name, input, options.caller, {
        wait,
        key,
        signal: context.mcpReq.signal,
        onProgress: progress.onProgress,
      });
      const warning = await options.trouble?.({ looked: reply.kind === "ended" });
      return toolResult(reply, { waitCappedTo, warning });
    } catch (error) {
      return errorResult(error);
    } finally {
      progress.end();
    }
  }
}

/** `wait` and `idempotencyKey` belong to the dispatcher, everything else to the tool. */
function splitArguments(tool: OfferedTool, args: Record<string, unknown>, context: ServerContext) {
  const input = { ...args };
  let wait = 0;
  let key: string | undefined;
  if (tool.takesWait) {
    wait = waitArgument(input["wait"]);
    delete input["wait"];
  }
  if (tool.takesKey) {
    key = keyArgument(input["idempotencyKey"]) ?? toolUseKey(context);
    delete input["idempotencyKey"];
  }
  return { input, wait: Math.min(wait, MAX_WAIT), waitCappedTo: wait > MAX_WAIT ? MAX_WAIT : undefined, key };
}

function waitArgument(value: unknown = 0): number {
  if (typeof value === "number" && value >= 0) return value;
  throw new BrainsError("INVALID_INPUT", `wait: give seconds from 0 to ${MAX_WAIT}, not ${JSON.stringify(value)}.`);
}

function keyArgument(value: unknown): string | undefined {
  if (value === undefined || (typeof value === "string" && value !== "" && value.length <= MAX_KEY)) return value;
  throw new BrainsError("INVALID_INPUT", `idempotencyKey: give a text of 1 to ${MAX_KEY} characters, or leave it out.`);
}

/** A client that re-issues a lost call repeats this id, so the work starts once even when the model gave no key. */
function toolUseKey(context: ServerContext): string | undefined {
  const id = context.mcpReq._meta?.["claudecode/toolUseId"];
  return typeof id === "string" && id.length <= MAX_KEY ? `tool-use:${id}` : undefined;
}

function unknownTool(name: string, offered: ReadonlyMap<string, OfferedTool>): string {
  const near = offered.has(wireName(name)) ? ` Its name here is ${wireName(name)}.` : "";
  return `Unknown tool: ${name}.${near} tools/list names all that your role allows.`;
}
