import { lstat, mkdir, readdir, rename, rm, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { SiteError, systemCode } from "../errors.ts";
import { syncFolder } from "../files/durable-write.ts";
import { MARKER } from "./output-folder.ts";

/**
 * Builds beside the site and takes its place at the end, so a site is always a whole one.
 * The swap is two renames: the old site steps aside as `.<name>.old`, the new one takes its name. A crash between them leaves the old site
 * under the other name; `recover`, which every build starts with, puts it back.
 */
export class SiteFolder {
  readonly output: string;
  /** The folder that a build fills. */
  readonly staging: string;
  readonly #old: string;
  readonly #point: (name: string) => void;

  /** `attempt` is unique for each try of each job, so a try that lost its claim cannot write into its successor's folder. */
  constructor(output: string, attempt: string, point: (name: string) => void = () => {}) {
    this.output = output;
    this.staging = join(dirname(output), `${stagingPrefix(output)}${attempt}`);
    this.#old = join(dirname(output), `.${basename(output)}.old`);
    this.#point = point;
  }

  /** Puts back a site whose swap was interrupted, and removes what dead builds left. True if a site was put back. */
  async recover(): Promise<boolean> {
    let putBack = false;
    if (await isFolder(this.#old)) {
      if (await isFolder(this.output)) await rm(this.#old, { recursive: true, force: true });
      else {
        await rename(this.#old, this.output);
        putBack = true;
      }
    }
    const parent = dirname(this.output);
    const names = await readdir(parent).catch(() => []);
    for (const name of names.filter((name) => name.startsWith(stagingPrefix(this.output)))) {
      await rm(join(parent, name), { recursive: true, force: true });
    }
    return putBack;
  }

  async begin(): Promise<void> {
    try {
      await mkdir(this.staging, { recursive: true });
    } catch (error) {
      if (!["EACCES", "EPERM", "EROFS"].includes(systemCode(error) ?? "")) throw error;
      throw new SiteError(
        "OUTPUT_REFUSED",
        `The site cannot be written: no permission to write in ${dirname(this.output)}, where it is built. Correct that, or choose another folder.`,
      );
    }
    await this.write(MARKER, `${JSON.stringify({ format: 1, generator: "brains site-builder" })}\n`);
  }

  /** Names are safe by construction (routes, hashes). On disk when the promise resolves. */
  async write(file: string, content: string | Uint8Array): Promise<void> {
    const path = join(this.staging, file);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, content, { flag: "wx", flush: true });
  }

  async publish(): Promise<void> {
    const parent = dirname(this.output);
    await syncFolder(this.staging);
    this.#point("staged");
    const hadSite = await isFolder(this.output);
    if (hadSite) await rename(this.output, this.#old);
    this.#point("stepped-aside");
    try {
      await rename(this.staging, this.output);
    } catch (error) {
      if (hadSite) await rename(this.#old, this.output);
      throw error;
    }
    this.#point("swapped");
    await syncFolder(parent);
    await rm(this.#old, { recursive: true, force: true });
    this.#point("tidied");
  }

  async abandon(): Promise<void> {
    await rm(this.staging, { recursive: true, force: true });
  }
}

function stagingPrefix(output: string): string {
  return `.${basename(output)}.new-`;
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await lstat(path)).isDirectory();
  } catch (error) {
    if (systemCode(error) === "ENOENT") return false;
    throw error;
  }
}
