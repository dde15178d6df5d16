// From code as it was given to a module that exports the value of its last expression, with every position as it was, save one.
import { stripTypeScriptTypes } from "node:module";
import { type ModuleDeclaration, type Program, type Statement, parse } from "acorn";
import { codeFrame } from "./frame.ts";
import type { Trouble } from "./outcome.ts";

export type Language = "js" | "ts";

export interface Place {
  /** Both from 1. */
  readonly line: number;
  readonly column: number;
}

export interface Prepared {
  /** As it was given. */
  readonly source: string;
  /** What runs. */
  readonly js: string;
  /** The name under which the module exports the value; absent where the last statement has none. */
  readonly exportName?: string | undefined;
  /** Why there is no value. */
  readonly note?: string | undefined;
  /** What each import names, and where. */
  readonly imports: readonly { readonly specifier: string; readonly place: Place }[];
  /** From a position in what runs to one in the code. */
  original(place: Place): Place;
}

/** Code that is not even JavaScript, or TypeScript, gives the error instead. */
export function prepare(source: string, language: Language): Prepared | { readonly trouble: Trouble } {
  const stripped = language === "ts" ? strip(source) : source;
  if (typeof stripped === "string") return parsed(source, stripped);
  // `a < b > (c)` and the like: JavaScript that is no TypeScript.
  const plain = parsed(source, source);
  return "trouble" in plain ? stripped : plain;
}

function strip(source: string): string | { readonly trouble: Trouble } {
  try {
    return stripTypeScriptTypes(source);
  } catch (error) {
    const { message, stack = "" } = error as Error;
    // Node gives the place only as a text: `:3`, the line, and a mark under it.
    const [, line, mark] = /^:(\d+)\n[^\n]*\n( *)\^/.exec(stack) ?? /^:(\d+)\n/.exec(stack) ?? [];
    const place = line === undefined ? undefined : Number(line);
    return { trouble: syntaxError(source, message, place, mark === undefined ? undefined : mark.length + 1) };
  }
}

function parsed(source: string, js: string): Prepared | { readonly trouble: Trouble } {
  let program: Program;
  try {
    program = parse(js, { ecmaVersion: "latest", sourceType: "module", locations: true, allowHashBang: true });
  } catch (error) {
    const { message, loc } = error as Error & { loc?: { line: number; column: number } };
    const said = message.replace(/ \(\d+:\d+\)$/, "");
    return { trouble: syntaxError(source, said, loc?.line, loc === undefined ? undefined : loc.column + 1) };
  }
  const imports = program.body.flatMap((statement) => {
    if (!("source" in statement) || typeof statement.source?.value !== "string") return [];
    const { line, column } = statement.source.loc!.start;
    return [{ specifier: statement.source.value, place: { line, column: column + 1 } }];
  });
  const last = program.body.findLast((statement) => statement.type !== "EmptyStatement");
  const base = { source, js, imports, original: (place: Place) => place };
  if (last === undefined) return { ...base, note: "There is no statement, so there is no value." };
  if (last.type === "ExportDefaultDeclaration") return { ...base, exportName: "default" };
  if (last.type !== "ExpressionStatement") return { ...base, note: noValue(last) };
  return { ...base, ...withExport(js, last) };
}

/** The one position that moves: what follows the inserted words on their line. */
function withExport(js: string, { start, end, loc }: Statement): Pick<Prepared, "js" | "exportName" | "original"> {
  let exportName = "valueOfCode";
  while (js.includes(exportName)) exportName += "_";
  const words = `export const ${exportName} = await (`;
  const text = js.slice(start, end).replace(/;$/, "");
  const { line, column } = loc!.start;
  return {
    exportName,
    js: `${js.slice(0, start)}${words}${text});${js.slice(end)}`,
    original: (place) => {
      if (place.line !== line || place.column <= column) return place;
      return { line, column: Math.max(column + 1, place.column - words.length) };
    },
  };
}

function noValue({ type }: Statement | ModuleDeclaration): string {
  const words = type.replace(/(Statement|Declaration)$/, "").replaceAll(/\B[A-Z]/g, " $&");
  const what = `${words.toLowerCase()} ${type.endsWith("Declaration") ? "declaration" : "statement"}`;
  return `The last statement (the ${what}) is no expression, so there is no value. End with one, e.g. the name of a variable.`;
}

function syntaxError(source: string, message: string, line?: number, column?: number): Trouble {
  const frame = line === undefined ? undefined : codeFrame(source, line, column);
  return { name: "SyntaxError", message, line, column, frame };
}
