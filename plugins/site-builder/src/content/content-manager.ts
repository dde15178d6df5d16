import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { SiteError } from "../errors.ts";
import { ManifestFile } from "./manifest-file.ts";
import { ObjectFiles } from "./object-files.ts";
import type { SectionContent } from "./section-content.ts";
import { type Changed, type Entry, type Stage, type Version, addVersion, currentOf, dropVersion } from "./versions.ts";

export interface ContentOptions {
  /** Versions kept per section and stage. Default 20. */
  readonly history?: number | undefined;
  readonly now?: (() => number) | undefined;
  /** Called at each point where a crash leaves another state on disk. For tests. */
  readonly point?: ((name: string) => void) | undefined;
}

export interface ContentChange {
  readonly section: string;
  readonly stage: Stage;
  /** False when the stage had this version already, or this job had changed it before. */
  readonly changed: boolean;
  readonly hash: string;
  readonly versions: number;
}

/** What a section has in each stage. */
export interface SectionState {
  readonly section: string;
  readonly preview?: Version | undefined;
  readonly production?: Version | undefined;
  readonly earlierInPreview: number;
  readonly earlierInProduction: number;
}

/** Changes nothing, or the whole entry: applied again from a fresh reading when another process wrote first. */
type Change = (entry: Entry | undefined) => Changed;
interface Waiting {
  readonly section: string;
  readonly change: Change;
  resolve(changed: Changed): void;
  reject(error: unknown): void;
}

/**
 * Preview and production versions of all sections. Everything is asynchronous. Changes of one process that arrive together are written together;
 * changes of several processes never undo each other. Each operation names its job and has its effect once, however often the job runs.
 */
export class ContentManager {
  readonly #objects: ObjectFiles;
  readonly #manifests: Record<Stage, ManifestFile>;
  readonly #waiting: Record<Stage, Waiting[]> = { preview: [], production: [] };
  readonly #writing: Record<Stage, boolean> = { preview: false, production: false };
  readonly #history: number;
  readonly #now: () => number;
  readonly #point: (name: string) => void;

  private constructor(folder: string, options: ContentOptions) {
    this.#point = options.point ?? (() => {});
    this.#objects = new ObjectFiles(join(folder, "objects"));
    this.#manifests = {
      preview: new ManifestFile(folder, "preview", this.#point),
      production: new ManifestFile(folder, "production", this.#point),
    };
    this.#history = options.history ?? 20;
    this.#now = options.now ?? Date.now;
  }

  static async open(folder: string, options: ContentOptions = {}): Promise<ContentManager> {
    await mkdir(join(folder, "objects"), { recursive: true, mode: 0o700 });
    return new ContentManager(folder, options);
  }

  /** Makes the content the section's preview version. */
  async saveDraft(section: string, content: SectionContent, job: string): Promise<ContentChange> {
    const hash = await this.#objects.write(content);
    this.#point("object-written");
    const version = { hash, at: this.#now(), job };
    return this.#result(
      section,
      "preview",
      await this.#change("preview", section, (entry) => addVersion(entry, version, this.#history)),
    );
  }

  /** Makes the current preview version the production version. */
  async promote(section: string, job: string): Promise<ContentChange> {
    const draft = currentOf((await this.#manifests.preview.read()).sections[section]);
    if (draft === undefined)
      throw new SiteError("NOTHING_TO_PROMOTE", `${section} has no preview version. Generate it first.`);
    const version = { hash: draft.hash, at: this.#now(), job };
    // A repeated job must not promote a draft that was written after it had done its work.
    const once: Change = (entry) =>
      entry?.done.includes(job) ? { entry, outcome: "already-done" } : addVersion(entry, version, this.#history);
    return this.#result(section, "production", await this.#change("production", section, once));
  }

  /** Makes the version before current again. */
  async rollback(section: string, stage: Stage, job: string): Promise<ContentChange> {
    const changed = await this.#change(stage, section, (entry) => dropVersion(entry, job));
    if (changed.outcome === "no-earlier-version") {
      throw new SiteError("NO_EARLIER_VERSION", `${section} has no earlier ${stage} version to go back to.`);
    }
    return this.#result(section, stage, changed);
  }

  /** All sections that have a version in any stage, in the order of their ids. */
  async sections(): Promise<SectionState[]> {
    const [preview, production] = await Promise.all([
      this.#manifests.preview.read(),
      this.#manifests.production.read(),
    ]);
    const ids = new Set([...Object.keys(preview.sections), ...Object.keys(production.sections)]);
    return [...ids].sort().map((section) => ({
      section,
      preview: currentOf(preview.sections[section]),
      production: currentOf(production.sections[section]),
      earlierInPreview: (preview.sections[section]?.versions.length ?? 1) - 1,
      earlierInProduction: (production.sections[section]?.versions.length ?? 1) - 1,
    }));
  }

  /** The current version of each section of a stage, at one moment. */
  async snapshot(stage: Stage): Promise<ReadonlyMap<string, Version>> {
    const { sections } = await this.#manifests[stage].read();
    return new Map(Object.entries(sections).map(([section, entry]) => [section, currentOf(entry) as Version]));
  }

  async read(hash: string): Promise<SectionContent> {
    return this.#objects.read(hash);
  }

  /** Removes contents that no version refers to any more, if they are older than an hour. Returns how many. */
  async sweep(): Promise<number> {
    const manifests = await Promise.all([this.#manifests.preview.read(), this.#manifests.production.read()]);
    const entries = manifests.flatMap((manifest) => Object.values(manifest.sections));
    const used = new Set(entries.flatMap((entry) => entry.versions.map((version) => version.hash)));
    return this.#objects.sweep(used, this.#now() - 3_600_000);
  }

  #result(section: string, stage: Stage, { entry, outcome }: Changed): ContentChange {
    return {
      section,
      stage,
      changed: outcome === "changed",
      hash: currentOf(entry)?.hash ?? "",
      versions: entry?.versions.length ?? 0,
    };
  }

  #change(stage: Stage, section: string, change: Change): Promise<Changed> {
    return new Promise((resolve, reject) => {
      this.#waiting[stage].push({ section, change, resolve, reject });
      if (!this.#writing[stage]) void this.#writeAll(stage);
    });
  }

  /** One writer per stage; whatever arrived while the last manifest was written goes into the next one. */
  async #writeAll(stage: Stage): Promise<void> {
    this.#writing[stage] = true;
    while (this.#waiting[stage].length > 0) {
      const group = this.#waiting[stage].splice(0);
      try {
        const changes = await this.#writeGroup(stage, group);
        group.forEach((waiting, index) => waiting.resolve(changes[index] as Changed));
      } catch (error) {
        for (const waiting of group) waiting.reject(error);
      }
    }
    this.#writing[stage] = false;
  }

  async #writeGroup(stage: Stage, group: readonly Waiting[]): Promise<Changed[]> {
    for (;;) {
      const manifest = await this.#manifests[stage].read();
      const sections = { ...manifest.sections };
      let any = false;
      const changes = group.map(({ section, change }) => {
        const changed = change(sections[section]);
        if (changed.outcome === "changed" && changed.entry !== undefined) {
          sections[section] = changed.entry;
          any = true;
        }
        return changed;
      });
      if (!any || (await this.#manifests[stage].write({ format: 1, number: manifest.number + 1, sections })))
        return changes;
    }
  }
}
