import type { ToolInfo } from "@brains/shell";
import type { Tool } from "@modelcontextprotocol/server";
import { z } from "zod";
import { wireNames } from "./wire-names.ts";

/** Longest time that a call may wait. The shortest hard limit of a known client is 60 s. */
export const MAX_WAIT = 50;
/** Characters of an idempotency key. */
export const MAX_KEY = 200;
/** Clients cut longer descriptions. */
const MAX_DESCRIPTION = 2000;

/** A tool as offered: what the shell calls, what the wire shows, and which of the dispatcher's two arguments were added. */
export interface OfferedTool {
  readonly name: string;
  readonly tool: Tool;
  readonly takesWait: boolean;
  readonly takesKey: boolean;
}

type JsonSchema = { [key: string]: unknown; properties?: Record<string, unknown> };

const waitArgument = (fallback: number) => ({
  type: "integer",
  minimum: 0,
  maximum: MAX_WAIT,
  default: fallback,
  description: `Seconds to wait for the work to end, 0 to ${MAX_WAIT}. With 0 the ids come at once. The work goes on whatever happens to the call.`,
});
const KEY_ARGUMENT = {
  type: "string",
  minLength: 1,
  maxLength: MAX_KEY,
  description:
    "A name of your own for this call. Repeating the call with the same name and arguments returns the first answer and starts nothing twice.",
};

/**
 * The tools for a client, by wire name, with every schema built once. Tools for persons only are left out; tools that may enqueue get the
 * argument `wait`, and those that change anything `idempotencyKey`, unless they have arguments of these names themselves.
 */
export function offerTools(tools: readonly ToolInfo[]): Map<string, OfferedTool> {
  const offered = new Map<string, OfferedTool>();
  for (const [wire, info] of wireNames(tools.filter((tool) => tool.audience !== "person"))) {
    offered.set(wire, offerTool(wire, info));
  }
  return offered;
}

function offerTool(wire: string, info: ToolInfo): OfferedTool {
  // The shell's own verbs answer at once, or wait by an argument of their own.
  const enqueues = info.plugin !== "shell" && !info.annotations.readOnly;
  const input = inputSchema(info);
  const own = input.properties ?? {};
  const takesWait = enqueues && !("wait" in own);
  const takesKey = !info.annotations.readOnly && !("idempotencyKey" in own);
  const output = enqueues ? undefined : outputSchema(info);
  const tool: Tool = {
    name: wire,
    title: `${info.title} (${info.name})`,
    description: describe(info),
    inputSchema: {
      ...input,
      type: "object",
      properties: {
        ...own,
        ...(takesWait && { wait: waitArgument(info.wait ?? 0) }),
        ...(takesKey && { idempotencyKey: KEY_ARGUMENT }),
      },
    },
    annotations: {
      title: info.title,
      readOnlyHint: info.annotations.readOnly,
      destructiveHint: info.annotations.destructive,
      idempotentHint: info.annotations.idempotent,
      // Everything happens on this machine; a plugin that reaches out does so in its own name.
      openWorldHint: false,
    },
    ...(output && { outputSchema: output }),
  };
  return { name: info.name, tool, takesWait, takesKey };
}

function describe(info: ToolInfo): string {
  const text = `${info.description.trim()}\nIn brains this tool is called ${info.name}.`;
  return text.length <= MAX_DESCRIPTION ? text : `${text.slice(0, MAX_DESCRIPTION - 1)}…`;
}

function inputSchema(info: ToolInfo): JsonSchema {
  const schema = jsonSchema(info.input);
  delete schema["$schema"];
  return schema;
}

/** Only an object fits the older protocol revisions; anything else is sent without a schema. */
function outputSchema(info: ToolInfo): JsonSchema | undefined {
  if (!info.output) return undefined;
  const schema = jsonSchema(info.output);
  delete schema["$schema"];
  return schema["type"] === "object" ? schema : undefined;
}

/** As zod reads input, so that additional keys are not forbidden where zod would only drop them. */
function jsonSchema(schema: z.ZodType): JsonSchema {
  return z.toJSONSchema(schema, {
    io: "input",
    unrepresentable: "any",
    override: ({ jsonSchema: part }) => {
      // zod states the limits of JavaScript's integers where the author stated none; they only confuse a model.
      if (part.minimum === Number.MIN_SAFE_INTEGER) delete part.minimum;
      if (part.maximum === Number.MAX_SAFE_INTEGER) delete part.maximum;
    },
  }) as JsonSchema;
}
