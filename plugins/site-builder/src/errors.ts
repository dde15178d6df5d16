/** Every code this plugin throws, with what to do about it. */
export const SITE_ERRORS = {
  SITE_INVALID:
    "The site definition (site.yaml or the plugin's config) has a mistake. Correct the named line or field.",
  SITE_EMPTY: "The content folder has no Markdown file. Add one, or name another folder in `content`.",
  SECTION_UNKNOWN: "No page or section has this id. List them with the tool `content`.",
  CONTENT_INVALID: "A source cannot be used as it is. Correct the named file at the named line, then retry the job.",
  CONTENT_MISSING: "A source that the site names does not exist. Add the file or correct the name.",
  CONTENT_UNREADABLE: "A source cannot be read. See the message for what the system said.",
  CONTENT_TOO_LARGE: "A source is over the size limit. Split it, or raise `maxFileBytes`.",
  CONTENT_STORE_DAMAGED: "A file of the content store is not what was written. Generate the section again.",
  NOTHING_TO_PROMOTE: "The section has no preview version. Generate it first.",
  NO_EARLIER_VERSION: "The section has no earlier version to go back to.",
  NOTHING_TO_BUILD: "No section is in this stage. Run `generate-all`, then `promote-all`, then build again.",
  OUTPUT_REFUSED: "The site cannot be written to this folder. Choose another `outputDir`.",
} as const;
export type SiteErrorCode = keyof typeof SITE_ERRORS;

const BRAND = Symbol.for("@brains/error");

/** The only error that this plugin throws on purpose. The message says what happened and where (`docs/x.md:3: …`). */
export class SiteError extends Error {
  readonly code: SiteErrorCode;
  readonly data: unknown;
  constructor(code: SiteErrorCode, message?: string, data?: unknown) {
    super(message ?? SITE_ERRORS[code]);
    this.name = "SiteError";
    this.code = code;
    this.data = data;
    Object.defineProperty(this, BRAND, { value: true });
  }
}

export function systemCode(error: unknown): string | undefined {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined;
}
