// The pages of docs/ and the README, as their tests see them.
import { globSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { root } from "./packages.ts";

export interface CodeBlock {
  readonly language: string;
  /** Named in the fence: ```ts file=plugins/words.ts */
  readonly file?: string | undefined;
  readonly text: string;
}

export interface Page {
  /** Relative to the repository. */
  readonly path: string;
  readonly title?: string | undefined;
  readonly description?: string | undefined;
  /** Without front matter. */
  readonly body: string;
  readonly blocks: readonly CodeBlock[];
  readonly headings: readonly string[];
  readonly links: readonly { readonly href: string; readonly target: string; readonly anchor?: string | undefined }[];
}

export function readPages(): Page[] {
  return ["README.md", ...globSync("docs/**/*.md", { cwd: root }).toSorted()].map(readPage);
}

export function readPage(path: string): Page {
  const text = readFileSync(join(root, path), "utf8");
  const front = /^---\n([\s\S]*?)\n---\n/.exec(text);
  const field = (name: string) => new RegExp(`^${name}: "?(.*?)"?$`, "m").exec(front?.[1] ?? "")?.[1];
  const body = text.slice(front?.[0].length ?? 0);
  const prose = body
    .replaceAll(/^```[\s\S]*?^```$/gm, "")
    .replaceAll(/`[^`\n]*`/g, (code) => code.replaceAll(/[[\]()]/g, "_"));
  return {
    path,
    title: field("title"),
    description: field("description"),
    body,
    blocks: [...body.matchAll(/^```(\w+)(?: file=(\S+))?\n([\s\S]*?)^```$/gm)].map(
      ([, language = "", file, code = ""]) => ({
        language,
        file,
        text: code,
      }),
    ),
    headings: [...body.replaceAll(/^```[\s\S]*?^```$/gm, "").matchAll(/^#+ (.+)$/gm)].map(
      ([, heading = ""]) => heading,
    ),
    links: [...prose.matchAll(/\]\(([^)\s]+)\)/g)].flatMap(([, href = ""]) => {
      if (/^[a-z]+:/.test(href)) return [];
      const [file = "", anchor] = href.split("#");
      return [{ href, target: file === "" ? path : normalize(join(dirname(path), file)), anchor }];
    }),
  };
}

/** The address of a heading, as Markdown hosts and the site builder make it. */
export function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\s_-]/gu, "")
    .replaceAll(" ", "-");
}

/** The table rows below a heading, without the head of the table. */
export function rowsUnder(page: Page, heading: string): string[] {
  const lines = page.body.split("\n");
  const start = lines.findIndex((line) => /^#+ /.test(line) && line.replace(/^#+ /, "") === heading);
  if (start === -1) return [];
  const end = lines.findIndex((line, index) => index > start && /^#+ /.test(line));
  const rule = lines.findIndex((line, index) => index > start && line.startsWith("| --- "));
  const rows = lines.slice(rule + 1, end === -1 ? undefined : end);
  const stop = rows.findIndex((line) => !line.startsWith("|"));
  return rule === -1 ? [] : rows.slice(0, stop === -1 ? undefined : stop);
}
