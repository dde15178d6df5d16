import type { StoredError } from "./job.ts";

/** What was thrown, as it is stored. */
export function storedError(error: unknown): StoredError {
  if (!(error instanceof Error))
    return {
      message: typeof error === "string" ? error : `The handler threw ${JSON.stringify(error) ?? String(error)}.`,
    };
  const { code, data } = error as { code?: unknown; data?: unknown };
  let kept: unknown;
  try {
    kept = data === undefined ? undefined : (JSON.parse(JSON.stringify(data)) as unknown);
  } catch {
    kept = undefined;
  }
  return {
    message: error.message || error.name,
    code: typeof code === "string" ? code : undefined,
    stack: error.stack,
    data: kept,
  };
}
