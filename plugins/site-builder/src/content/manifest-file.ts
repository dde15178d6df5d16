import { randomUUID } from "node:crypto";
import { readFile, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { SiteError, systemCode } from "../errors.ts";
import { createFile } from "../files/durable-write.ts";
import { type Manifest, type Stage, manifestSchema } from "./versions.ts";

/** Older manifests kept beside the newest, for a person who has to repair something. */
const KEPT = 3;

/**
 * The manifest of a stage is the file `<stage>.<number>.json` with the highest number. Writing is compare-and-swap: number n+1 can be created once,
 * whole and synced, so a process that read n and lost the race learns it and starts over. No lock can be left behind by a crash.
 */
export class ManifestFile {
  readonly #folder: string;
  readonly #stage: Stage;
  readonly #point: (name: string) => void;
  #last: Manifest | undefined;

  constructor(folder: string, stage: Stage, point: (name: string) => void) {
    this.#folder = folder;
    this.#stage = stage;
    this.#point = point;
  }

  async read(): Promise<Manifest> {
    for (;;) {
      const number = (await this.#numbers()).at(-1);
      if (number === undefined) return { format: 1, number: 0, sections: {} };
      if (this.#last?.number === number) return this.#last;
      try {
        this.#last = this.#parse(number, await readFile(this.#file(number), "utf8"));
        return this.#last;
      } catch (error) {
        // A newer manifest was written and this one removed since the folder was listed.
        if (systemCode(error) !== "ENOENT") throw error;
      }
    }
  }

  /** False if another writer made this number first. */
  async write(manifest: Manifest): Promise<boolean> {
    const temporary = join(this.#folder, `.new-${this.#stage}-${randomUUID()}`);
    this.#point(`${this.#stage}:before-write`);
    const made = await createFile(this.#file(manifest.number), `${JSON.stringify(manifest)}\n`, temporary);
    if (!made) return false;
    this.#point(`${this.#stage}:written`);
    this.#last = manifest;
    const old = (await this.#numbers()).filter((number) => number <= manifest.number - KEPT);
    await Promise.all(old.map((number) => rm(this.#file(number), { force: true })));
    this.#point(`${this.#stage}:tidied`);
    return true;
  }

  #file(number: number): string {
    return join(this.#folder, `${this.#stage}.${number}.json`);
  }

  async #numbers(): Promise<number[]> {
    const names = await readdir(this.#folder);
    const pattern = new RegExp(`^${this.#stage}\\.([1-9][0-9]{0,14})\\.json$`);
    return names
      .map((name) => Number(pattern.exec(name)?.[1] ?? 0))
      .filter((number) => number > 0)
      .sort((a, b) => a - b);
  }

  #parse(number: number, text: string): Manifest {
    try {
      return manifestSchema.parse(JSON.parse(text));
    } catch (error) {
      const file = this.#file(number);
      throw new SiteError(
        "CONTENT_STORE_DAMAGED",
        `${file} is damaged (${error instanceof SyntaxError ? error.message : "unexpected content"}). Move it away to go on with the manifest before it.`,
      );
    }
  }
}
