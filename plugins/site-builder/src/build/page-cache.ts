import { createHash, randomUUID } from "node:crypto";
import { mkdir, readFile, readdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";

const entrySchema = z.object({
  html: z.string(),
  ids: z.array(z.string()),
  broken: z.array(z.string()),
  warnings: z.array(z.string()),
  fragments: z.array(z.object({ file: z.string(), fragment: z.string(), where: z.string() })),
  lookups: z.array(z.tuple([z.string(), z.string()])),
});

/** A rendered page with what was learnt about it. `lookups` are the answers that it was rendered with. */
export type CachedPage = z.output<typeof entrySchema>;

/** Everything is rendered anew by the next build. */
export async function dropPages(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true });
}

/**
 * Rendered pages by a key of everything that they are made of. Written as pages are rendered, so a build that was killed
 * goes on where it was. Damaged entries count as absent.
 */
export class PageCache {
  readonly #folder: string;
  readonly #used = new Set<string>();

  constructor(folder: string) {
    this.#folder = folder;
  }

  static key(parts: unknown): string {
    return createHash("sha256").update(JSON.stringify(parts)).digest("hex");
  }

  async open(): Promise<void> {
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
  }

  async get(key: string): Promise<CachedPage | undefined> {
    try {
      const entry = entrySchema.parse(JSON.parse(await readFile(this.#file(key), "utf8")));
      this.#used.add(key);
      return entry;
    } catch {
      return undefined;
    }
  }

  async set(key: string, page: CachedPage): Promise<void> {
    this.#used.add(key);
    const temporary = join(this.#folder, `.new-${randomUUID()}`);
    await writeFile(temporary, JSON.stringify(page), { mode: 0o600 });
    await rename(temporary, this.#file(key));
  }

  /** Removes what this build had no use for. */
  async prune(): Promise<void> {
    const names = await readdir(this.#folder);
    const old = names.filter((name) => !this.#used.has(name.replace(/\.json$/, "")));
    await Promise.all(old.map((name) => rm(join(this.#folder, name), { force: true })));
  }

  #file(key: string): string {
    return join(this.#folder, `${key}.json`);
  }
}
