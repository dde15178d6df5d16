import { stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import { CONFIG_NAME, openTrustStore, type Env } from "@brains/shell";
import { AppError } from "./app-error.ts";

/** Lets the plugin files of the brain in this folder run, for this user. */
export async function trustFolder(dir: string, cwd: string, env: Env): Promise<{ dir: string; already: boolean }> {
  const folder = resolve(cwd, dir);
  const config = await stat(join(folder, CONFIG_NAME)).catch(() => undefined);
  if (!config?.isFile()) {
    throw new AppError(
      "NO_BRAIN",
      `There is no ${CONFIG_NAME} in ${folder}, so there is nothing to trust. Correct the folder, or make a brain with \`brains init\`.`,
    );
  }
  return { dir: folder, already: !(await openTrustStore(env).trust(folder)) };
}
