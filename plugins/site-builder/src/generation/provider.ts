import type { SectionContent } from "../content/section-content.ts";
import type { NoteReader } from "../notes/note.ts";
import type { SectionPlan } from "../plan/site-plan.ts";

/** What a provider is asked for. Everything it may know is in here, so equal requests over equal notes give equal sections. */
export interface GenerationRequest {
  readonly page: { readonly id: string; readonly title?: string | undefined };
  readonly section: SectionPlan;
  /** The Markdown files of the folders that the section's sources can match, in reading order of their names. */
  readonly files: readonly string[];
  readonly notes: NoteReader;
  readonly signal: AbortSignal;
  /** Something odd that does not stop the section, as `file:line: what`. */
  warn(message: string): void;
}

/** Writes sections. The built-in one composes them from the brain's own Markdown; one that asks a language model fits the same interface. */
export interface GenerationProvider {
  /** With its version, e.g. `built-in@1`: stored with each section. */
  readonly id: string;
  generate(request: GenerationRequest): Promise<SectionContent>;
}

export async function openProvider(name: "built-in"): Promise<GenerationProvider> {
  switch (name) {
    case "built-in":
      return (await import("./built-in.ts")).builtInProvider;
  }
}
