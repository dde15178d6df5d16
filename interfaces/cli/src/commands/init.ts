import type { Action } from "../command.ts";
import { confirm } from "../confirm.ts";
import { printable } from "../text/printable.ts";

const QUESTION =
  "May JavaScript that you or a model send run with your rights, without asking you each time? If not, it runs in a sandbox or you are asked.";

export const init: Action = async ({ app, brain, output, streams }, { args }) => {
  const allowCode = output.interactive && (await confirm(streams, QUESTION));
  const report = await app.init({ dir: args[0] ?? ".", cwd: brain.cwd, env: brain.env, allowCode });
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
