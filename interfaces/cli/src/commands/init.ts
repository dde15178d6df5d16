import type { Action } from "../command.ts";
import { printable } from "../text/printable.ts";

export const init: Action = async ({ app, brain, output }, { args }) => {
  const report = await app.init({ dir: args[0] ?? ".", cwd: brain.cwd, env: brain.env });
  output.show("init", report, (layout) => [
    ` ${layout.style.green("made")} ${printable(report.dir)}`,
    ...report.created.map((path) => `   ${printable(path)}`),
    ` ${layout.style.dim("next")}`,
    ...report.next.map((command) => `   ${command}`),
  ]);
  return 0;
};

export const trust: Action = async ({ app, brain, output }, { args }) => {
  const report = await app.trust({ dir: args[0] ?? ".", cwd: brain.cwd, env: brain.env });
  output.show("trust", report, () => [
    ` ${printable(report.dir)} ${report.already ? "was trusted already" : "is trusted: its plugin files may run"}`,
  ]);
  return 0;
};
