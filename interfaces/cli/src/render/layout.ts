import type { Style } from "../text/style.ts";

/** What a rendering needs to know of where it will be shown. `width` is Infinity where lines are not cut (no terminal). */
export interface Layout {
  readonly width: number;
  readonly style: Style;
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** How a command is written here: "brains " at a shell's prompt, "/" at ours. */
  readonly prefix: "brains " | "/";
}
