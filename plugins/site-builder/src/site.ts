import { createHash } from "node:crypto";
import { stat } from "node:fs/promises";
import { join } from "node:path";
import type { PluginContext } from "@brains/plugin";
import { checkOutputFolder } from "./build/output-folder.ts";
import type { SiteConfig } from "./config.ts";
import { ContentManager } from "./content/content-manager.ts";
import type { Stage } from "./content/versions.ts";
import { SiteError } from "./errors.ts";
import { type SourceFolder, openSourceFolder } from "./files/source-folder.ts";
import { type SitePlan, planSite } from "./plan/site-plan.ts";

export interface PlannedSite {
  readonly folder: SourceFolder;
  readonly plan: SitePlan;
  readonly files: readonly string[];
}

/** The site of one brain: where its content is, what it is made of, where it goes. Opened once per shell; reads files when asked. */
export class Site {
  readonly config: SiteConfig;
  readonly #brainDir: string;
  readonly #dataDir: string;
  #content: Promise<ContentManager> | undefined;

  constructor({ config, brainDir, dataDir }: Pick<PluginContext<SiteConfig>, "config" | "brainDir" | "dataDir">) {
    this.config = config;
    this.#brainDir = brainDir;
    this.#dataDir = dataDir;
  }

  /** One manager per shell, so that changes of jobs that run together are written together. */
  async content(): Promise<ContentManager> {
    this.#content ??= ContentManager.open(join(this.#dataDir, "content"), { history: this.config.history });
    try {
      return await this.#content;
    } catch (error) {
      this.#content = undefined;
      throw error;
    }
  }

  async folder(): Promise<SourceFolder> {
    return openSourceFolder(this.#brainDir, await this.#contentFolder());
  }

  /** Reads names only, no note: quick even for thousands of files. */
  async plan(signal?: AbortSignal): Promise<PlannedSite> {
    const folder = await this.folder();
    const { readSiteDefinition } = await import("./plan/site-definition.ts");
    const settings = await readSiteDefinition(folder, this.config.site);
    const files = await folder.markdownFiles({ signal });
    if (files.length === 0)
      throw new SiteError(
        "SITE_EMPTY",
        `${folder.display("")} has no Markdown file. Add one, or name another folder in \`content\`.`,
      );
    return { folder, files, plan: planSite(settings, files) };
  }

  /** The folder that a build writes to: checked, absolute, and as people write it. A preview goes beside the site unless told otherwise. */
  async output(
    wanted: string | undefined,
    stage: Stage,
  ): Promise<{ readonly path: string; readonly shown: string; readonly cacheDir: string }> {
    const configured = this.config.output.replace(/[/\\]+$/, "");
    const shown = wanted ?? (stage === "preview" ? `${configured}-preview` : configured);
    const contentRoot = (await this.folder()).root;
    const rules = {
      brainDir: this.#brainDir,
      dataDir: this.#dataDir,
      contentRoot,
      configured: wanted === undefined ? shown : configured,
    };
    const path = await checkOutputFolder(shown, rules);
    const name = createHash("sha256").update(path).digest("hex").slice(0, 12);
    return { path, shown, cacheDir: join(this.#dataDir, "pages", name) };
  }

  async #contentFolder(): Promise<string> {
    if (this.config.content !== undefined) return this.config.content;
    const isFolder = await stat(join(this.#brainDir, "docs")).then(
      (info) => info.isDirectory(),
      () => false,
    );
    return isFolder ? "docs" : "content";
  }
}
