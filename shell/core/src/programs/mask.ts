// A handler may come by a secret of its program in other ways than by its output, such as a file: what it gives to the store is masked as well.
import type { Redactor } from "@brains/process";

/** The same as JSON, with every secret in it masked. What is no JSON is left to the store, which refuses it. */
export function masked(value: unknown, redactor: Redactor): unknown {
  if (!redactor.active || value === undefined) return value;
  let json: unknown;
  try {
    json = JSON.parse(JSON.stringify(value));
  } catch {
    return value;
  }
  return within(json, redactor);
}

/** What was thrown, with every secret masked in what is stored of it. */
export function maskedError(error: unknown, redactor: Redactor): unknown {
  if (!(error instanceof Error)) return masked(error, redactor);
  if (!redactor.active) return error;
  const { message, stack } = error;
  // In place: by what it is the queue knows what to do with it.
  error.message = redactor.text(message);
  if (stack !== undefined) error.stack = redactor.text(stack);
  if ("data" in error) error.data = masked(error.data, redactor);
  return error;
}

function within(value: unknown, redactor: Redactor): unknown {
  if (typeof value === "string") return redactor.text(value);
  if (Array.isArray(value)) return value.map((each) => within(each, redactor));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [redactor.text(key), within(each, redactor)]));
}
