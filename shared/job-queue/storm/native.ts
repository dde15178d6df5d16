// Small libraries in C that are put before the system's own in the processes of a storm. Compiled when they are wanted.
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { StormImpossible } from "./storm.ts";

/** The file of the library, made in `folder`. Throws StormImpossible where it cannot be made. */
export function buildLibrary(name: "power-loss" | "clock", folder: string): string {
  if (process.platform !== "linux") throw new StormImpossible("LD_PRELOAD as this storm uses it is a thing of Linux");
  const library = join(folder, `${name}.so`);
  const source = join(import.meta.dirname, "native", `${name}.c`);
  const made = spawnSync("cc", ["-shared", "-fPIC", "-O1", "-o", library, source], { encoding: "utf8" });
  if (made.error) throw new StormImpossible("there is no C compiler (cc) on this machine");
  if (made.status !== 0) throw new StormImpossible(`cc could not build ${name}.c: ${made.stderr.trim()}`);
  return library;
}
