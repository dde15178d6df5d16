import type { ToolInfo } from "@brains/shell";
import type { Action } from "../command.ts";
import { CliError, usageError } from "../cli-error.ts";
import { nearest } from "@brains/plugin/nearest";
import { toolLines, toolTable } from "../render/tools.ts";

/** The tool of this name, whole or short. Throws with the nearest name. */
export function findTool(tools: readonly ToolInfo[], name: string): ToolInfo {
  const exact = tools.find((tool) => tool.name === name) ?? tools.find((tool) => tool.short === name);
  if (exact !== undefined) return exact;
  const same = tools.filter((tool) => tool.name.split(":")[1] === name).map((tool) => tool.name);
  if (same.length > 1) throw usageError(`Several tools are called ${name}: ${same.join(", ")}. Use the whole name.`);
  const near = nearest(
    name,
    tools.flatMap((tool) => (tool.short === undefined ? [tool.name] : [tool.short, tool.name])),
  );
  throw new CliError(
    "TOOL_NOT_FOUND",
    `There is no tool ${name}. ${near === undefined ? "`brains tools` lists them." : `Did you mean ${near}?`}`,
  );
}

/** The tools that plugins bring; the shell's own verbs are commands of their own here. */
export function pluginTools(tools: readonly ToolInfo[]): ToolInfo[] {
  return tools.filter((tool) => tool.plugin !== "shell" && tool.audience !== "model");
}

/** What can be said of a tool as data: everything but its schemas. */
function factsOf(tool: ToolInfo): Omit<ToolInfo, "input" | "output"> {
  const { name, plugin, short, title, description, role, audience, visibility, annotations } = tool;
  return { name, plugin, short, title, description, role, audience, visibility, annotations };
}

export const tools: Action = async (context, { args }) => {
  const session = await context.session({ plugins: true });
  const all = session.shell.listTools(session.caller);
  const name = args[0];
  if (name !== undefined) {
    const tool = findTool(all, name);
    const { fieldsOf } = await import("../arguments.ts");
    const fields = fieldsOf(tool.input);
    context.output.show("tool", { ...factsOf(tool), fields }, (layout) => toolLines(tool, fields, layout));
    return 0;
  }
  const listed = pluginTools(all);
  const data = listed.map(factsOf);
  context.output.show("tools", { tools: data }, (layout) =>
    listed.length === 0
      ? [" no plugin brings a tool; add one in brains.yaml"]
      : [
          ...toolTable(listed, layout),
          ` ${layout.style.dim(`how one is called: ${layout.prefix}tools ${listed[0]!.short ?? listed[0]!.name}`)}`,
        ],
  );
  return 0;
};
