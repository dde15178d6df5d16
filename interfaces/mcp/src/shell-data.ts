import type { Caller, Shell } from "@brains/shell";

/** What one of the shell's own verbs answers this caller. */
export type ShellData = <T>(verb: string, input?: object) => Promise<T>;

export function shellData(shell: Shell, caller: Caller): ShellData {
  return async <T>(verb: string, input: object = {}) => {
    const reply = await shell.callTool(`shell:${verb}`, input, caller);
    return (reply as Extract<typeof reply, { kind: "data" }>).data as T;
  };
}
