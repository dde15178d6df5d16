import { SiteError } from "../errors.ts";
import type { SourceFolder } from "../files/source-folder.ts";
import { type FrontMatter, type Problem, splitFrontMatter } from "./front-matter.ts";
import { type Outline, outlineOf } from "./outline.ts";

/** A Markdown file of the brain, read and checked. */
export interface Note {
  readonly path: string;
  /** As people know it, e.g. `docs/guides/install.md`. */
  readonly display: string;
  readonly frontMatter: FrontMatter;
  readonly body: string;
  readonly bodyLine: number;
  readonly warnings: readonly Problem[];
  readonly title: string;
  /** One or two sentences: the front matter's description, or the start of the first paragraph. */
  readonly summary: string;
  readonly outline: Outline;
}

export type NoteReader = (path: string) => Promise<Note>;

/** Reads notes; each file once per reader. A note that cannot be used throws a coded error that names file and line. */
export function noteReader(folder: SourceFolder, maxBytes: number): NoteReader {
  const read = new Map<string, Promise<Note>>();
  return (path) => {
    const known = read.get(path) ?? readNote(folder, path, maxBytes);
    read.set(path, known);
    return known;
  };
}

async function readNote(folder: SourceFolder, path: string, maxBytes: number): Promise<Note> {
  const bytes = await folder.read(path, maxBytes);
  const display = folder.display(path);
  const text = new TextDecoder().decode(bytes).replace(/\r\n?/g, "\n");
  const split = splitFrontMatter(text);
  if (split.error) {
    const { line, message } = split.error;
    throw new SiteError("CONTENT_INVALID", `${display}:${line}: front matter is not valid YAML: ${message}`, {
      file: display,
      line,
    });
  }
  const warnings = [...split.warnings];
  const odd = text.split("\n").findIndex((line) => line.includes("\uFFFD") || line.includes("\0"));
  if (odd !== -1) warnings.push({ line: odd + 1, message: "holds bytes that are not UTF-8 text" });
  const body = split.body.replaceAll("\0", "\uFFFD");
  let outline: Outline;
  try {
    outline = outlineOf(body);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new SiteError("CONTENT_INVALID", `${display}: is nested too deeply to be read as Markdown.`, {
      file: display,
    });
  }
  const { frontMatter } = split;
  return {
    path,
    display,
    frontMatter,
    body,
    bodyLine: split.bodyLine,
    warnings,
    title: frontMatter.title ?? outline.title ?? titleFromPath(path),
    summary: frontMatter.description ?? outline.summary,
    outline,
  };
}

/** `guides/first-steps.md` → `First steps`; an index file is named after its folder. */
export function titleFromPath(path: string): string {
  const parts = path.replace(/\.(?:md|markdown)$/i, "").split("/");
  const last = parts.pop() ?? "";
  const name = /^(?:index|readme)$/i.test(last) ? (parts.pop() ?? "Home") : last;
  const words =
    name
      .replace(/^\d+[-_. ]+(?=\D)/, "")
      .replace(/[-_]+/g, " ")
      .trim() || name;
  return words.charAt(0).toUpperCase() + words.slice(1);
}
