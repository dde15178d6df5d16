// What an approval binds, part by part, so that a later difference can be named; and the digest over all of it.
import { createHash } from "node:crypto";
import type { BoundFile } from "./bound-files.ts";
import type { EarlyInput } from "./early-input.ts";
import type { ResolvedProgram } from "./resolve.ts";

/** Hashes by the words in which a change is told. */
export type BoundParts = Readonly<Record<string, string>>;

export interface Binding {
  readonly program: ResolvedProgram;
  readonly executable: BoundFile;
  readonly files: readonly BoundFile[];
  readonly plugin: string;
  readonly requester: string;
  readonly earlyInput: EarlyInput | undefined;
}

export function boundParts({ program, executable, files, plugin, requester, earlyInput }: Binding): BoundParts {
  const { request } = program;
  const env = Object.entries(program.env).map(([name, value]) => [`the variable ${name}`, value]);
  return hashed({
    "the command": [request.command, ...program.args],
    "the executable": [program.file, executable.realPath, executable.sha256],
    "the working folder": program.cwd,
    ...Object.fromEntries(env),
    ...Object.fromEntries(files.map((file) => [`the file ${file.path}`, [file.realPath, file.sha256, file.stat]])),
    "the standard input": request.stdin ?? null,
    "the code": request.source ?? null,
    "the sandbox": request.sandbox ?? null,
    "its kind": program.kind,
    "who may send input": request.requesterMaySendInput === true,
    "input that was sent before": earlyInput ?? null,
    "the plugin": plugin,
    "who asked": requester,
  });
}

export function digestOf(parts: BoundParts): string {
  return sha256(canonical({ version: 1, parts }));
}

/** What differs, in words. */
export function changes(before: BoundParts, now: BoundParts): string[] {
  const names = new Set([...Object.keys(before), ...Object.keys(now)]);
  return [...names].toSorted().flatMap((name) => {
    if (before[name] === now[name]) return [];
    if (before[name] === undefined) return [`${name} was added`];
    return [`${name} ${now[name] === undefined ? "is gone" : "changed"}`];
  });
}

/** JSON with the keys of every object in order, so that equal values have equal texts. */
export function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map((item) => canonical(item ?? null)).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value ?? null);
  const entries = Object.entries(value)
    .filter(([, item]) => item !== undefined)
    .toSorted(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([key, item]) => `${JSON.stringify(key)}:${canonical(item)}`).join(",")}}`;
}

export function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

function hashed(parts: Readonly<Record<string, unknown>>): BoundParts {
  return Object.fromEntries(Object.entries(parts).map(([name, value]) => [name, sha256(canonical(value))]));
}
