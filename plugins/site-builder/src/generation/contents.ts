import { folderOfPattern } from "../files/glob.ts";
import { folderOf } from "../files/path-rules.ts";
import { titleFromPath } from "../notes/note.ts";
import { isIndexFile } from "../plan/routes.ts";
import type { Composed } from "./composed.ts";
import { escapeText, linkTo } from "./markdown-text.ts";
import { type Listed, compareListed, noteOrStandIn } from "./note-lists.ts";
import type { GenerationRequest } from "./provider.ts";

/** Entries shown per folder before "n more". */
const SHOWN = 12;

/** A list of the notes of a folder, with one group per folder in it. Deeper folders are one entry each. */
export async function composeContents(request: GenerationRequest, paths: readonly string[]): Promise<Composed> {
  const root = commonFolder(request.section.sources);
  const direct = await Promise.all(
    paths.filter((path) => folderOf(path) === root && !isIndexFile(path)).map((path) => noteOrStandIn(request, path)),
  );
  const index = await indexOf(request, paths, root);
  direct.sort(compareListed(index));
  const blocks = [direct.map(entry).join("\n\n")];
  for (const folder of foldersIn(root, paths)) blocks.push(await group(request, paths, folder));
  const title = root === "" ? request.page.title : (index?.title ?? titleFromPath(`${root}/index.md`));
  const mentions = [...direct.map((note) => note.path), ...foldersIn(root, paths)];
  return {
    title,
    mentions,
    parts: [{ source: "", line: 1, markdown: `${blocks.filter((block) => block !== "").join("\n\n")}\n` }],
  };
}

async function group(request: GenerationRequest, paths: readonly string[], folder: string): Promise<string> {
  const index = await indexOf(request, paths, folder);
  const inside = paths.filter((path) => folderOf(path) === folder && !isIndexFile(path));
  const notes = (await Promise.all(inside.map((path) => noteOrStandIn(request, path)))).sort(compareListed(index));
  const title = index?.title ?? titleFromPath(`${folder}/index.md`);
  const lines = [
    ...notes.map(entry),
    ...foldersIn(folder, paths).map(
      (deeper) => `- ${linkTo(titleFromPath(`${deeper}/index.md`), `${deeper}/`)}\n\n  ${count(deeper, paths)}`,
    ),
  ];
  const more = lines.length - SHOWN;
  const shown = more > 1 ? [...lines.slice(0, SHOWN), `- ${linkTo(`${more} more in ${title}`, `${folder}/`)}`] : lines;
  const intro = index?.summary ? `\n\n${escapeText(index.summary)}` : "";
  return `## ${linkTo(title, `${folder}/`)}${intro}\n\n${shown.join("\n\n")}`;
}

function entry(note: Listed): string {
  return `- ${linkTo(note.title, note.path)}${note.summary ? `\n\n  ${escapeText(note.summary)}` : ""}`;
}

async function indexOf(
  request: GenerationRequest,
  paths: readonly string[],
  folder: string,
): Promise<Listed | undefined> {
  const path = paths.find((path) => folderOf(path) === folder && isIndexFile(path));
  return path === undefined ? undefined : noteOrStandIn(request, path);
}

function count(folder: string, paths: readonly string[]): string {
  const inside = paths.filter((path) => path.startsWith(`${folder}/`)).length;
  return inside === 1 ? "1 page" : `${inside} pages`;
}

/** Folders directly in a folder that hold any of the paths. */
function foldersIn(folder: string, paths: readonly string[]): string[] {
  const prefix = folder === "" ? "" : `${folder}/`;
  const names = paths.filter((path) => path.startsWith(prefix)).map((path) => path.slice(prefix.length).split("/"));
  return [...new Set(names.filter((parts) => parts.length > 1).map((parts) => `${prefix}${parts[0]}`))];
}

/** The folder that all patterns start in. */
function commonFolder(sources: readonly string[]): string {
  const starts = sources.map(folderOfPattern);
  const [first = ""] = starts;
  return starts.every((start) => start === first) ? first : "";
}
