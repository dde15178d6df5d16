import { BrainsError, type ToolInfo } from "@brains/shell";

/** The names that every known client accepts; a single other name makes some of them hide the whole server. */
const WIRE_NAME = /^[a-z0-9_]{1,48}$/;

/** `site-builder:promote-all` → `site_builder_promote_all`. */
export function wireName(name: string): string {
  return name.replaceAll(/[^A-Za-z0-9]/g, "_").toLowerCase();
}

/**
 * Wire name → tool. Throws when a name does not fit the wire or two tools meet under one name: a client would call the wrong one.
 */
export function wireNames(tools: readonly ToolInfo[]): Map<string, ToolInfo> {
  const names = new Map<string, ToolInfo>();
  for (const tool of tools) {
    const wire = wireName(tool.name);
    if (!WIRE_NAME.test(wire)) {
      throw new BrainsError(
        "INVALID_PLUGIN",
        `The tool ${tool.name} cannot be offered over MCP: its name there, ${wire}, is not 1 to 48 of a-z, 0-9 and _. Shorten it.`,
      );
    }
    const other = names.get(wire);
    if (other) {
      throw new BrainsError(
        "INVALID_PLUGIN",
        `The tools ${other.name} and ${tool.name} have the same name over MCP, ${wire}. Rename one of them.`,
      );
    }
    names.set(wire, tool);
  }
  return names;
}
