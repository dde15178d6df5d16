import { inspect } from "node:util";
import { codeFrame } from "./frame.ts";
import type { Trouble } from "./outcome.ts";
import type { Place, Prepared } from "./prepare.ts";

const LONGEST_MESSAGE = 4_000;
const FRAMES = 12;
const CAUSES = 3;

/** Also from another realm, and whatever the code made of it. */
interface ErrorLike {
  readonly name?: unknown;
  readonly message: unknown;
  readonly stack: unknown;
  readonly cause?: unknown;
}

/** `url`: the code's own name in stacks. */
export function troubleOf(error: unknown, code: Prepared, url: string): Trouble {
  if (!isError(error)) return { name: "Thrown", message: cut(inspect(error, { depth: 3 })) };
  const message = textOf(error.message);
  const trace = typeof error.stack === "string" ? error.stack : "";
  const stack = trace.split("\n").flatMap((line) => stackLine(line, code, url));
  const place = placeOf(trace, code, url) ?? importOf(message, code, url);
  return {
    name: textOf(error.name).slice(0, 200) || "Error",
    message: cut([readable(message, url), ...causesOf(error)].join("\n")),
    ...place,
    frame: place && codeFrame(code.source, place.line, place.column),
    stack: stack.slice(0, FRAMES),
  };
}

/** As it is written to stderr and stored as the job's error. */
export function troubleText({ name, message, line, column, frame, stack = [] }: Trouble): string {
  const where = line === undefined ? "" : ` (code:${line}${column === undefined ? "" : `:${column}`})`;
  const [first = "", ...more] = message.split("\n");
  return [
    `${name}: ${first}${where}`,
    ...more,
    ...(frame === undefined ? [] : ["", frame]),
    ...stack.map((one) => `    ${one}`),
  ].join("\n");
}

function isError(value: unknown): value is ErrorLike {
  return (
    value instanceof Error || (typeof value === "object" && value !== null && "stack" in value && "message" in value)
  );
}

/** A frame of the stack in the code's own words; the runner's and Node's own are left out. */
function stackLine(line: string, code: Prepared, url: string): string[] {
  if (!/^\s+at /.test(line) || line.includes("node:internal") || line.includes(OWN)) return [];
  const place = placeOf(line, code, url);
  if (place === undefined) return [line.trim()];
  const method = /at (.+) \(/.exec(line)?.[1];
  const at = `code:${place.line}:${place.column}`;
  return [method === undefined ? `at ${at}` : `at ${method} (${at})`];
}

const OWN = import.meta.url.slice(0, import.meta.url.lastIndexOf("/"));

/** The first place in the code that a text names. */
function placeOf(text: string, code: Prepared, url: string): Place | undefined {
  const start = text.indexOf(`${url}:`);
  if (start === -1) return undefined;
  const [, line, column] = /^(\d+)(?::(\d+))?/.exec(text.slice(start + url.length + 1)) ?? [];
  if (line === undefined) return undefined;
  return code.original({ line: Number(line), column: Number(column ?? 1) });
}

/** An import that was not found has no place in its stack. */
function importOf(message: string, { imports }: Prepared, url: string): Place | undefined {
  const named = (specifier: string) => {
    const bare = specifier.startsWith("@") ? specifier.split("/", 2).join("/") : specifier.split("/", 1)[0];
    const path = URL.canParse(specifier, url) ? decodeURI(new URL(specifier, url).pathname) : undefined;
    return [specifier, bare, path].some((name) => name !== undefined && message.includes(`'${name}'`));
  };
  return imports.find(({ specifier }) => named(specifier))?.place;
}

function readable(message: string, url: string): string {
  const path = URL.canParse(url) ? decodeURI(new URL(url).pathname) : url;
  return message.replaceAll(url, "the code").replaceAll(path, "the code");
}

function causesOf(error: ErrorLike): string[] {
  const causes: string[] = [];
  for (
    let { cause } = error;
    cause !== undefined && causes.length < CAUSES;
    cause = isError(cause) ? cause.cause : undefined
  ) {
    causes.push(
      `Caused by: ${isError(cause) ? `${textOf(cause.name)}: ${textOf(cause.message)}` : inspect(cause, { depth: 1 })}`,
    );
  }
  const parts = "errors" in error && Array.isArray(error.errors) ? (error.errors as unknown[]) : [];
  return [
    ...causes,
    ...parts.slice(0, CAUSES).map((one) => `- ${isError(one) ? textOf(one.message) : inspect(one, { depth: 1 })}`),
  ];
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : inspect(value, { depth: 1 });
}

function cut(message: string): string {
  return message.length <= LONGEST_MESSAGE ? message : `${message.slice(0, LONGEST_MESSAGE)}…`;
}
