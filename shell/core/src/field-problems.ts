import type { ZodType, core } from "zod";
import { issueText } from "./issue-text.ts";
import { didYouMean } from "@brains/plugin/nearest";

/** One readable line per wrong field: `urls[0]: invalid URL`. */
export function fieldProblems(issues: readonly core.$ZodIssue[]): string[] {
  return issues.flatMap((issue) => {
    const at = pathText(issue.path);
    if (issue.code === "unrecognized_keys")
      return issue.keys.map((key) => `unknown field ${quote([...issue.path, key])}`);
    return [`${at === "" ? "input" : at}: ${issueText(issue)}`];
  });
}

/** `pages[2].title` */
export function pathText(path: readonly PropertyKey[]): string {
  return path.reduce<string>((text, part) => {
    if (typeof part === "number") return `${text}[${part}]`;
    return text === "" ? String(part) : `${text}.${String(part)}`;
  }, "");
}

/**
 * Fields that an object schema does not name. zod drops them silently; but a misspelt `dryRun` that is dropped does the very thing that was not wanted.
 * Schemas that are not plain objects, or that take any key, have none.
 */
export function unknownFields(schema: ZodType, input: unknown): string[] {
  const shape = shapeOf(schema);
  if (shape === undefined || typeof input !== "object" || input === null || Array.isArray(input)) return [];
  const known = Object.keys(shape);
  return Object.keys(input)
    .filter((key) => !known.includes(key))
    .map((key) => `unknown field "${key}".${didYouMean(key, known) || knownText(known)}`);
}

function knownText(known: readonly string[]): string {
  return known.length === 0 ? " There are no fields." : ` The fields are: ${known.join(", ")}.`;
}

function shapeOf(schema: ZodType): Readonly<Record<string, unknown>> | undefined {
  const def = schema.def as { type: string; shape?: Record<string, unknown>; catchall?: unknown };
  return def.type === "object" && def.catchall === undefined ? def.shape : undefined;
}

function quote(path: readonly PropertyKey[]): string {
  return `"${pathText(path)}"`;
}
