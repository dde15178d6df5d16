import { BrainsError, type Caller, type Shell, type ToolReply } from "@brains/shell";
import type { CallToolResult, ServerContext } from "@modelcontextprotocol/server";
import { progressSender } from "./progress.ts";
import { MAX_KEY, MAX_WAIT, type OfferedTool } from "./tool-list.ts";
import { errorResult, toolResult } from "./tool-result.ts";

export interface ToolCallOptions {
  readonly shell: Shell;
  /**
   * A trouble of this brain that every answer should tell, e.g. that no worker could be started; undefined when there is none. `looked` asks for
   * one that has looked since the call: for answers that say how the work ended, which it may have done before the look did.
   */
  readonly trouble?: ((asked: { looked: boolean }) => Promise<string | undefined>) | undefined;
}

export interface ToolCall {
  readonly tool: OfferedTool;
  readonly args: Record<string, unknown>;
  readonly caller: Caller;
  readonly context: ServerContext;
  /** False for a client of a revision that has no links to resources. */
  readonly links?: boolean | undefined;
  /** The answer in another form, for a reply that has one; undefined where it has none. */
  readonly instead?: ((reply: ToolReply) => Promise<CallToolResult | undefined>) | undefined;
}

/** One call of a tool: the answer, or the error as an answer. A client that goes away ends the waiting, never the work. */
export async function callTool(options: ToolCallOptions, call: ToolCall): Promise<CallToolResult> {
  const { tool, args, caller, context, instead } = call;
  const progress = progressSender(context);
  try {
    const { input, wait, waitCappedTo, key } = splitArguments(tool, args, context);
    const reply = await options.shell.callTool(tool.name, input, caller, {
      wait,
      key,
      signal: context.mcpReq.signal,
      onProgress: progress.onProgress,
    });
    const other = await instead?.(reply);
    if (other) return other;
    const warning = await options.trouble?.({ looked: reply.kind === "ended" });
    return toolResult(reply, { waitCappedTo, warning, links: call.links });
  } catch (error) {
    return errorResult(error);
  } finally {
    await progress.end();
  }
}

/** `wait` and `idempotencyKey` belong to the dispatcher, everything else to the tool. */
function splitArguments(tool: OfferedTool, args: Record<string, unknown>, context: ServerContext) {
  const input = { ...args };
  // Undefined: as long as the tool itself says.
  let wait: number | undefined;
  let key: string | undefined;
  if (tool.takesWait) {
    wait = waitArgument(input["wait"]);
    delete input["wait"];
  }
  if (tool.takesKey) {
    key = keyArgument(input["idempotencyKey"]) ?? toolUseKey(context);
    delete input["idempotencyKey"];
  }
  const capped = wait !== undefined && wait > MAX_WAIT;
  return { input, wait: capped ? MAX_WAIT : wait, waitCappedTo: capped ? MAX_WAIT : undefined, key };
}

function waitArgument(value: unknown): number | undefined {
  if (value === undefined || (typeof value === "number" && value >= 0)) return value;
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
