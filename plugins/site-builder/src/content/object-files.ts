import { createHash, randomUUID } from "node:crypto";
import { readFile, readdir, rm, stat, utimes } from "node:fs/promises";
import { join } from "node:path";
import { SiteError, systemCode } from "../errors.ts";
import { replaceFile } from "../files/durable-write.ts";
import { type SectionContent, sectionContentSchema, serializeContent } from "./section-content.ts";

/** Generated sections as files named by the SHA-256 of their bytes. A file, once there, never changes. */
export class ObjectFiles {
  readonly #folder: string;
  constructor(folder: string) {
    this.#folder = folder;
  }

  async write(content: SectionContent): Promise<string> {
    const text = serializeContent(content);
    const hash = createHash("sha256").update(text).digest("hex");
    const file = this.#file(hash);
    try {
      if ((await stat(file)).size === Buffer.byteLength(text)) {
        // Touched, so that a sweep running now sees it as new.
        await utimes(file, new Date(), new Date());
        return hash;
      }
    } catch (error) {
      if (systemCode(error) !== "ENOENT") throw error;
    }
    await replaceFile(file, text, join(this.#folder, `.new-${randomUUID()}`));
    return hash;
  }

  async read(hash: string): Promise<SectionContent> {
    let text: string;
    try {
      text = await readFile(this.#file(hash), "utf8");
    } catch (error) {
      if (systemCode(error) !== "ENOENT") throw error;
      throw new SiteError("CONTENT_STORE_DAMAGED", `${this.#file(hash)} is gone. Generate the section again.`);
    }
    if (createHash("sha256").update(text).digest("hex") !== hash) {
      throw new SiteError(
        "CONTENT_STORE_DAMAGED",
        `${this.#file(hash)} was changed. Remove it and generate the section again.`,
      );
    }
    return sectionContentSchema.parse(JSON.parse(text));
  }

  /** Removes files that nothing refers to and that are older than `before` (ms since the epoch). Returns how many. */
  async sweep(used: ReadonlySet<string>, before: number): Promise<number> {
    let removed = 0;
    for (const name of await readdir(this.#folder)) {
      if (used.has(name.replace(/\.json$/, ""))) continue;
      const file = join(this.#folder, name);
      try {
        if ((await stat(file)).mtimeMs >= before) continue;
        await rm(file, { force: true });
        removed++;
      } catch (error) {
        if (systemCode(error) !== "ENOENT") throw error;
      }
    }
    return removed;
  }

  #file(hash: string): string {
    return join(this.#folder, `${hash}.json`);
  }
}
