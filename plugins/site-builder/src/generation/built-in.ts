import type { Template } from "../config.ts";
import { SiteError } from "../errors.ts";
import { isGlob } from "../files/glob.ts";
import type { Note } from "../notes/note.ts";
import { isIndexFile } from "../plan/routes.ts";
import { matching } from "../plan/site-plan.ts";
import type { Composed } from "./composed.ts";
import { composeContents } from "./contents.ts";
import { escapeText, linkTo } from "./markdown-text.ts";
import { compareListed, linkedPaths, noteOrStandIn } from "./note-lists.ts";
import type { GenerationProvider, GenerationRequest } from "./provider.ts";
import { composeToc } from "./toc.ts";

const ID = "built-in@1";
/** Mentions kept of an index note. */
const MENTIONED = 500;

type Compose = (request: GenerationRequest, paths: readonly string[]) => Promise<Composed>;

const TEMPLATES: Record<Template, Compose> = {
  article: async (request, paths) => {
    const notes = await readAll(request, paths);
    const parts = notes.map((note) => ({ source: note.path, line: note.bodyLine, markdown: note.body }));
    const index = notes.find((note) => isIndexFile(note.path));
    const mentions = index && [...new Set(linkedPaths(index.path, index.outline.links))].slice(0, MENTIONED);
    return { ...about(notes[0]), mentions, parts };
  },
  hero: async (request, paths) => {
    const [note] = await readAll(request, paths.slice(0, 1));
    const markdown = note === undefined ? "" : escapeText(note.frontMatter.description ?? note.outline.opening);
    return { ...about(note), parts: [{ source: note?.path ?? "", line: 1, markdown }] };
  },
  summary: async (request, paths) => {
    const notes = await readAll(request, paths);
    const blocks = notes.map(
      (note) =>
        `## ${linkTo(note.title, note.path)}\n\n${escapeText(note.frontMatter.description ?? note.outline.opening)}`,
    );
    return { parts: [{ source: "", line: 1, markdown: `${blocks.join("\n\n")}\n` }] };
  },
  list: async (request, paths) => {
    const notes = await Promise.all(paths.map((path) => noteOrStandIn(request, path)));
    // Files named one by one stand in that order; those of a glob in reading order.
    if (request.section.sources.some(isGlob)) notes.sort(compareListed(undefined));
    const items = notes.map(
      (note) => `- ${linkTo(note.title, note.path)}${note.summary ? `\n\n  ${escapeText(note.summary)}` : ""}`,
    );
    return { parts: [{ source: "", line: 1, markdown: `${items.join("\n\n")}\n` }] };
  },
  contents: composeContents,
  toc: composeToc,
};

/** Composes sections from the brain's Markdown. Deterministic: no clock, no chance, no network. */
export const builtInProvider: GenerationProvider = {
  id: ID,
  async generate(request) {
    const { template, heading, sources, id } = request.section;
    const paths = matching(sources, request.files);
    if (paths.length === 0) {
      throw new SiteError(
        "CONTENT_MISSING",
        `${id}: no Markdown file matches ${sources.map((source) => `"${source}"`).join(", ")}.`,
      );
    }
    const composed = await TEMPLATES[template](request, paths);
    return { format: 1, template, provider: ID, heading, ...composed };
  },
};

async function readAll(request: GenerationRequest, paths: readonly string[]): Promise<Note[]> {
  const notes: Note[] = [];
  for (const path of paths) {
    request.signal.throwIfAborted();
    const note = await request.notes(path);
    for (const { line, message } of note.warnings) request.warn(`${note.display}:${line}: ${message}`);
    notes.push(note);
  }
  return notes;
}

function about(note: Note | undefined): Omit<Composed, "parts"> {
  if (note === undefined) return {};
  const { order, draft } = note.frontMatter;
  return { title: note.title, description: note.summary || undefined, order, draft };
}
