import GithubSlugger from "github-slugger";
import type { Composed } from "./composed.ts";
import { linkTo } from "./markdown-text.ts";
import type { GenerationRequest } from "./provider.ts";

/** A table of contents over the sources: each note, and under it its headings of the second and third level. */
export async function composeToc(request: GenerationRequest, paths: readonly string[]): Promise<Composed> {
  const lines: string[] = [];
  for (const path of paths) {
    request.signal.throwIfAborted();
    const note = await request.notes(path);
    lines.push(`- ${linkTo(note.title, path)}`);
    const slugger = new GithubSlugger();
    for (const [index, { depth, text, id }] of note.outline.headings.entries()) {
      const fragment = id ?? slugger.slug(text);
      // The first heading is the page's title there.
      if (index === 0 && depth === 1) continue;
      if (depth === 2 || depth === 3) lines.push(`${"  ".repeat(depth - 1)}- ${linkTo(text, path, fragment)}`);
    }
  }
  return { parts: [{ source: "", line: 1, markdown: `${lines.join("\n")}\n` }] };
}
