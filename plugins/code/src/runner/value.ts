import { inspect, isDeepStrictEqual } from "node:util";
import type { Outcome } from "./outcome.ts";

/** Of a value as JSON, and as a text otherwise, in characters. The store takes 1 MiB for a whole result. */
const LARGEST_JSON = 256 * 1024;
const LARGEST_TEXT = 16 * 1024;

export type Value = Pick<Outcome, "value" | "shown" | "note">;

/** JSON where that gives the same value back; else what `inspect` shows. Too much of either is cut, with a note. */
export function outcomeOfValue(value: unknown): Value {
  if (value === undefined) return { note: "The value is undefined." };
  const json = asJson(value);
  if (json === undefined) return outcomeOfText(shownBy(value));
  if (json.length <= LARGEST_JSON) return { value: JSON.parse(json) as Value["value"] & {} };
  const whole = `The value is ${json.length} characters of JSON, over the limit of ${LARGEST_JSON}, so only its beginning is here. Write it to a file instead.`;
  return { shown: json.slice(0, LARGEST_TEXT), note: whole };
}

function asJson(value: unknown): string | undefined {
  try {
    const json = JSON.stringify(value) as string | undefined;
    return json !== undefined && isDeepStrictEqual(JSON.parse(json), value) ? json : undefined;
  } catch {
    // Circular, too deep, a BigInt, or a toJSON that throws.
    return undefined;
  }
}

function shownBy(value: unknown): string {
  try {
    return inspect(value, { depth: 6, maxStringLength: LARGEST_TEXT, maxArrayLength: 1000, breakLength: 100 });
  } catch (error) {
    return `a ${typeof value} that cannot be shown: ${String(error)}`;
  }
}

/** A value that is no JSON. */
export function outcomeOfText(text: string): Value {
  const note = "The value is no JSON, so it is shown as text";
  if (text.length <= LARGEST_TEXT) return { shown: text, note: `${note}.` };
  return { shown: text.slice(0, LARGEST_TEXT), note: `${note}, and cut at ${LARGEST_TEXT} characters.` };
}
