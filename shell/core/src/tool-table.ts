import type { AnyTool, Caller } from "@brains/plugin";
import type { ToolInfo, ToolReply } from "./contract.ts";
import type { JobEvent, BatchEvent } from "@brains/job-queue/handler";
import { BrainsError } from "./errors.ts";
import { didYouMean } from "@brains/plugin/nearest";
import { refusal } from "./rights.ts";
import type { Scope } from "./scope.ts";
import { z } from "zod";

/** One call of a tool, on its way. */
export interface Call {
  readonly caller: Caller;
  readonly scope: Scope;
  readonly signal: AbortSignal;
  readonly onProgress?: ((event: JobEvent | BatchEvent) => void) | undefined;
}

export interface Tool {
  readonly info: ToolInfo;
  /** The shell's own verbs give their whole reply, and may wait; a plugin's tool gives data or what it enqueued, at once. */
  readonly answer:
    | { readonly by: "shell"; run(input: unknown, call: Call): Promise<ToolReply> }
    | { readonly by: "plugin"; run(input: unknown, call: Call): unknown };
}

/** The shell's verbs are there from the start; plugins come and go. */
export class ToolTable {
  readonly #tools = new Map<string, Tool>();
  /** Bare names to the tools that have them. */
  readonly #bare = new Map<string, Tool[]>();

  add(tools: readonly Tool[]): void {
    for (const tool of tools) this.#tools.set(tool.info.name, tool);
    this.#index();
  }

  removePlugin(plugin: string): void {
    for (const [name, tool] of this.#tools) if (tool.info.plugin === plugin) this.#tools.delete(name);
    this.#index();
  }

  /** By full name, or by a bare name that only one tool has (the shell's own win). Refuses what the caller may not call. */
  find(name: string, caller: Caller): Tool {
    const bare = this.#bare.get(name) ?? [];
    const tool =
      this.#tools.get(name) ??
      bare.find((one) => one.info.plugin === "shell") ??
      (bare.length === 1 ? bare[0] : undefined);
    if (tool === undefined) throw new BrainsError("TOOL_NOT_FOUND", this.#notFound(name, bare, caller));
    const why = refusal(tool.info, caller);
    if (why !== undefined) throw new BrainsError("FORBIDDEN", `${why}.`);
    return tool;
  }

  /** What the caller may call: the shell's verbs in their own order, then by name. */
  list(caller: Caller): readonly ToolInfo[] {
    const infos = [...this.#tools.values()]
      .map((tool) => tool.info)
      .filter((info) => refusal(info, caller) === undefined);
    const own = infos.filter((info) => info.plugin === "shell");
    const others = infos.filter((info) => info.plugin !== "shell").sort((a, b) => (a.name < b.name ? -1 : 1));
    return [...own, ...others].map((info) => (this.#isShort(info) ? { ...info, short: bareName(info.name) } : info));
  }

  #isShort(info: ToolInfo): boolean {
    const same = this.#bare.get(bareName(info.name)) ?? [];
    return info.plugin === "shell" || same.length === 1;
  }

  #notFound(name: string, bare: readonly Tool[], caller: Caller): string {
    if (bare.length > 1)
      return `"${name}" could be ${bare.map((tool) => tool.info.name).join(" or ")}. Give the full name.`;
    const names = this.list(caller).flatMap((info) => [info.name, bareName(info.name)]);
    return `There is no tool "${name}".${didYouMean(name, names) || " List the names with `tools`."}`;
  }

  #index(): void {
    this.#bare.clear();
    for (const tool of this.#tools.values()) {
      const bare = bareName(tool.info.name);
      this.#bare.set(bare, [...(this.#bare.get(bare) ?? []), tool]);
    }
  }
}

const NO_INPUT = z.object({});

/** A plugin's tool with all its defaults, which are the careful ones. */
export function infoOf(plugin: string, name: string, tool: AnyTool): ToolInfo {
  const readOnly = tool.annotations?.readOnly ?? false;
  return {
    name,
    plugin,
    title: tool.title ?? titleOf(name),
    description: tool.description,
    input: tool.input ?? NO_INPUT,
    output: tool.output,
    role: tool.role ?? (readOnly ? "viewer" : "operator"),
    audience: tool.audience ?? "both",
    visibility: tool.visibility ?? "public",
    annotations: {
      readOnly,
      destructive: tool.annotations?.destructive ?? !readOnly,
      idempotent: tool.annotations?.idempotent ?? readOnly,
    },
    wait: tool.wait,
  };
}

/** `generate-all` → "Generate all" */
function titleOf(name: string): string {
  const words = bareName(name).replaceAll("-", " ");
  return words.charAt(0).toUpperCase() + words.slice(1);
}

function bareName(name: string): string {
  return name.slice(name.indexOf(":") + 1);
}
