// Which arguments may be paths, and where those lead. A program alone knows what an argument means to it, so every reading that is likely counts.
import { normalize } from "node:path";
import { placeIn } from "./places.ts";
import type { PolicySystem } from "./places.ts";

const ADDRESS = /^(?:https?|ssh|git|ftp):\/\/[^\s]*$/i;

const LONGEST_CLUSTER = 16;

/** Real places that the arguments may lead to, with the argument; `undefined` where an argument leads nobody can say where. */
export function placesOf(
  args: readonly string[],
  cwd: string,
  system: PolicySystem,
): { readonly argument: string; readonly place: string | undefined }[] {
  return args.flatMap((argument) =>
    readingsOf(argument).flatMap((path) => {
      if (path.startsWith("~")) return [{ argument, place: undefined }];
      const whole = placeIn(cwd, path);
      // The system follows links before it goes back by .., many programs take the two away first.
      const read = path.includes("..") ? [whole, normalize(whole)] : [whole];
      return read.map((each) => ({ argument, place: system.realPlace(each) }));
    }),
  );
}

/** `-ofile`, `--output=file`, `@file`, `host:file`, `file:///file`: everything of the argument that some program would open. */
function readingsOf(argument: string): string[] {
  if (argument === "" || ADDRESS.test(argument)) return [];
  const readings = new Set<string>();
  if (argument.startsWith("-")) {
    const slash = argument.search(/[/~]|\.\./);
    if (slash > 0) readings.add(argument.slice(slash));
    // A name may be glued to any letter of a cluster: -xvflink.
    if (!argument.startsWith("--"))
      for (let at = 2; at < Math.min(argument.length, LONGEST_CLUSTER); at++) readings.add(argument.slice(at));
  } else readings.add(argument);
  if (/[=:@,]/.test(argument))
    for (const part of argument.split(/[=:@,]+/)) if (part !== "" && !part.startsWith("-")) readings.add(part);
  for (const after of argument.matchAll(/[=:@]/g)) {
    const rest = argument.slice(after.index + 1);
    if (rest !== "") readings.add(rest);
  }
  return [...readings].filter(canBeOpened);
}

/** No file system has names of more than 255 bytes: such a text is a message or a pattern. */
function canBeOpened(path: string): boolean {
  return path.length <= 255 || path.split("/").every((name) => Buffer.byteLength(name) <= 255);
}
