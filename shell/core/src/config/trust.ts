import { createHash } from "node:crypto";
import { readFile, realpath, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { BrainsError, messageOf } from "../errors.ts";
import { configFolder } from "./folders.ts";
import type { Env } from "./folders.ts";
import { makeFolder } from "./make-folder.ts";

/**
 * Which folders' own plugin files may run, for this user. One small file per folder, so that two processes never overwrite each other's;
 * the folder's real path is what counts, and it alone: neither the folders around it nor those in it.
 */
export interface TrustStore {
  isTrusted(dir: string): Promise<boolean>;
  /** True if it was not trusted before. */
  trust(dir: string): Promise<boolean>;
}

export function openTrustStore(env: Env, now: () => number = Date.now): TrustStore {
  const folder = join(configFolder(env), "trusted");
  const recordOf = async (dir: string) => {
    const real = await realPathOf(dir);
    return { real, file: join(folder, `${createHash("sha256").update(real).digest("hex")}.json`) };
  };
  return {
    async isTrusted(dir) {
      const { real, file } = await recordOf(dir);
      try {
        const record = JSON.parse(await readFile(file, "utf8")) as { dir?: unknown } | null;
        return record?.dir === real;
      } catch {
        // Absent, unreadable or damaged: not trusted, which only costs a question.
        return false;
      }
    },
    async trust(dir) {
      const { real, file } = await recordOf(dir);
      if (await this.isTrusted(dir)) return false;
      const record = { dir: real, at: new Date(now()).toISOString() };
      try {
        await makeFolder(folder, 0o700);
        await writeFile(file, `${JSON.stringify(record)}\n`, { mode: 0o600 });
      } catch (error) {
        throw new BrainsError(
          "TRUST_NOT_STORED",
          `That ${dir} is trusted cannot be stored in ${folder}: ${messageOf(error)}. Make that folder writable, or name another with BRAINS_CONFIG_HOME, then run \`brains trust ${dir}\`.`,
          { cause: error, data: { folder } },
        );
      }
      return true;
    },
  };
}

async function realPathOf(dir: string): Promise<string> {
  try {
    return await realpath(dir);
  } catch (error) {
    throw new BrainsError("NOT_FOUND", `The folder ${dir} cannot be found: ${messageOf(error)}.`, { cause: error });
  }
}
