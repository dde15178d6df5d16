import { createTestShell } from "@brains/shell/testing";
import type { TestShell, TestShellOptions } from "@brains/shell/testing";
import commands from "../src/index.ts";

type Programs = NonNullable<NonNullable<TestShellOptions["shell"]>["programs"]>;

/** A brain with the plugin, whose policy begins with these rules. */
export function commandsShell(
  policy: NonNullable<Programs["policy"]> = [],
  programs: Partial<Programs> = {},
  more: Pick<TestShellOptions, "files" | "config"> = {},
): Promise<TestShell> {
  return createTestShell({
    plugins: [commands],
    ...more,
    shell: { programs: { folders: ["."], ...programs, policy } },
  });
}

/** A rule that allows everything of a program. */
export const any = (executable: string, more: object = {}) =>
  ({ executable, args: [{ any: "rest" }], outcome: "allow", inline: true, ...more }) as NonNullable<
    Programs["policy"]
  >[number];

export const MODEL = { principal: "assistant", role: "operator", interface: "mcp" } as const;
