import type { AppSession } from "./app-port.ts";
import type { CommandContext } from "./command.ts";
import { errorView } from "./render/error.ts";

/** Open the brain; on a terminal an untrusted folder is a question, elsewhere an error that says what to do. */
export async function openSession(
  base: Pick<CommandContext, "app" | "output" | "streams" | "brain">,
  plugins: boolean,
  kind: "cli" | "repl",
): Promise<AppSession> {
  const options = { ...base.brain, plugins, interface: kind };
  try {
    return await base.app.open(options);
  } catch (error) {
    const view = errorView(error);
    const dir = (view.data as { dir?: unknown } | undefined)?.dir;
    if (view.code !== "UNTRUSTED" || !base.output.interactive || typeof dir !== "string") throw error;
    const { confirm } = await import("./confirm.ts");
    const question = `The plugin files of ${dir} run with your rights. Trust this folder?`;
    if (!(await confirm(base.streams, question))) throw error;
    await base.app.trust({ dir, cwd: base.brain.cwd, env: base.brain.env });
    return base.app.open(options);
  }
}
