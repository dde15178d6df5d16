import { LineCounter, isMap, isScalar, parseDocument } from "yaml";

export interface Problem {
  /** Line in the file, 1 for the first. */
  readonly line: number;
  readonly message: string;
}

/** The fields that the site reads; everything else in a front matter is left alone. */
export interface FrontMatter {
  readonly title?: string | undefined;
  readonly description?: string | undefined;
  readonly order?: number | undefined;
  readonly draft?: boolean | undefined;
}

export interface SplitNote {
  readonly frontMatter: FrontMatter;
  readonly body: string;
  /** Line of the file at which the body starts. */
  readonly bodyLine: number;
  /** Odd, but the note is usable. */
  readonly warnings: readonly Problem[];
  /** The front matter is not YAML: the note is not usable. */
  readonly error?: Problem | undefined;
}

const FENCE = /^---[ \t]*$/;
const CLOSE = /^(?:---|\.\.\.)[ \t]*$/;

/** Splits a file into YAML front matter and body. The front matter is data: no tags, no code, no merge keys, no alias bombs. */
export function splitFrontMatter(text: string): SplitNote {
  const lines = text.split("\n");
  const none = { frontMatter: {}, body: text, bodyLine: 1 };
  if (/^\+\+\+[ \t]*$/.test(lines[0] ?? "")) return splitToml(lines, none);
  if (!FENCE.test(lines[0] ?? "")) return { ...none, warnings: [] };
  const close = lines.findIndex((line, index) => index > 0 && CLOSE.test(line));
  if (close === -1) {
    const meant = /^[\w-]+:(?:\s|$)/.test(lines[1] ?? "");
    return {
      ...none,
      warnings: meant ? [{ line: 1, message: "the front matter is not closed with ---, so it is shown as text" }] : [],
    };
  }
  const body = lines.slice(close + 1).join("\n");
  const rest = { body, bodyLine: close + 2 };
  return { ...rest, ...readYaml(lines.slice(1, close).join("\n")) };
}

function splitToml(lines: readonly string[], none: Omit<SplitNote, "warnings">): SplitNote {
  const close = lines.findIndex((line, index) => index > 0 && /^\+\+\+[ \t]*$/.test(line));
  if (close === -1) return { ...none, warnings: [] };
  const warnings = [{ line: 1, message: "TOML front matter is not read; use YAML between --- lines" }];
  return { frontMatter: {}, body: lines.slice(close + 1).join("\n"), bodyLine: close + 2, warnings };
}

function readYaml(yaml: string): Pick<SplitNote, "frontMatter" | "warnings" | "error"> {
  const counter = new LineCounter();
  const document = parseDocument(yaml, {
    schema: "core",
    lineCounter: counter,
    prettyErrors: false,
    stringKeys: false,
    logLevel: "silent",
  });
  // The opening --- is line 1 of the file.
  const lineAt = (offset: number) => counter.linePos(offset).line + 1;
  const [broken] = document.errors;
  if (broken) return { frontMatter: {}, warnings: [], error: { line: lineAt(broken.pos[0]), message: broken.message } };
  const warnings: Problem[] = document.warnings.map(({ pos, message }) => ({ line: lineAt(pos[0]), message }));
  const root = document.contents;
  if (root === null || (isScalar(root) && root.value === null)) return { frontMatter: {}, warnings };
  if (!isMap(root)) {
    warnings.push({ line: 2, message: "the front matter is not a list of `name: value` lines, so it is ignored" });
    return { frontMatter: {}, warnings };
  }
  const fields = new Map<string, { value: unknown; line: number }>();
  for (const { key, value } of root.items) {
    if (!isScalar(key)) continue;
    fields.set(String(key.value), { value: isScalar(value) ? value.value : value, line: lineAt(key.range?.[0] ?? 0) });
  }
  const take = <T>(name: string, wanted: string, read: (value: unknown) => T | undefined): T | undefined => {
    const field = fields.get(name);
    if (field === undefined || field.value === null) return undefined;
    const value = read(field.value);
    if (value === undefined)
      warnings.push({ line: field.line, message: `"${name}" should be ${wanted}, so it is ignored` });
    return value;
  };
  const text = (value: unknown) => {
    const plain = typeof value === "number" || typeof value === "boolean" ? String(value) : value;
    return typeof plain === "string" && plain.trim() !== "" ? plain.trim().replace(/\s+/g, " ") : undefined;
  };
  const frontMatter: FrontMatter = {
    title: take("title", "text", text),
    description: take("description", "text", text) ?? take("summary", "text", text),
    order: take("order", "a number", (value) =>
      typeof value === "number" && Number.isFinite(value) ? value : undefined,
    ),
    draft: take("draft", "true or false", (value) => (typeof value === "boolean" ? value : undefined)),
  };
  return { frontMatter, warnings };
}
