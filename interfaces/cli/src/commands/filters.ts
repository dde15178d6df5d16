import { text, type OptionValue } from "../command.ts";
import { parseDuration } from "../text/time.ts";
import { usageError } from "../cli-error.ts";
import { stateNamed, stateWords } from "../render/state.ts";

/** "30m", "2d" (ago) or a date, as an ISO time. */
export function sinceOption(value: OptionValue, now: number): string | undefined {
  const given = text(value);
  if (given === undefined) return undefined;
  const age = parseDuration(given);
  const at = age === null ? Date.parse(given) : now - age;
  // A finite number may still be no date: dates end 100 million days from 1970.
  const since = new Date(at);
  if (Number.isFinite(since.getTime())) return since.toISOString();
  throw usageError(`--since needs a time ago such as 30m or 2d, or a date such as 2026-01-31, not "${given}".`);
}

export function numberOption(name: string, value: OptionValue, fallback: number, most: number): number {
  const given = text(value);
  if (given === undefined) return fallback;
  const number = Number(given);
  if (Number.isInteger(number) && number >= 1 && number <= most) return number;
  throw usageError(`--${name} needs a whole number from 1 to ${most}, not "${given}".`);
}

/** The name of a state, given as that or as the word on the screens. */
export function stateOption(value: OptionValue): string | undefined {
  const given = text(value);
  if (given === undefined) return undefined;
  const state = stateNamed(given);
  if (state !== undefined) return state;
  throw usageError(`--state needs one of ${stateWords().join(", ")}, not "${given}".`);
}

/** Milliseconds of a time-out such as "90" (seconds) or "5m". */
export function timeoutOption(name: string, value: OptionValue): number | undefined {
  const given = text(value);
  if (given === undefined) return undefined;
  const ms = parseDuration(given);
  if (ms !== null) return ms;
  throw usageError(`--${name} needs seconds or a time such as 5m, not "${given}".`);
}
