import type { Engine } from "./engine.ts";
import { JobQueueError } from "./errors.ts";
import { parseRef, publicId } from "./ids.ts";

export interface Resolved {
  readonly kind: "job" | "batch" | "request";
  readonly number: number;
  readonly id: string;
}

/** What a number (`142`, `"#142"`), an id, or the start of an id beyond its dash names. Null if nothing. */
export function resolveRef(engine: Engine, ref: string | number): Resolved | null {
  const wanted = parseRef(ref);
  const row = wanted && engine.queries.lookup(wanted.number);
  if (!wanted || !row || (wanted.secret !== undefined && !row.secret.startsWith(wanted.secret))) return null;
  return { kind: row.kind, number: row.id, id: publicId(row.id, row.secret) };
}

const NOT_FOUND = { job: "JOB_NOT_FOUND", batch: "BATCH_NOT_FOUND", request: "REQUEST_NOT_FOUND" } as const;

/** The number of a job, batch or request; throws when it is not there or is something else. */
export function requireRef(engine: Engine, ref: string | number, kind: Resolved["kind"]): number {
  const found = resolveRef(engine, ref);
  if (found?.kind === kind) return found.number;
  throw new JobQueueError(
    NOT_FOUND[kind],
    found ? `${ref} is a ${found.kind}, not a ${kind}.` : `No ${kind} has the id ${JSON.stringify(ref)}.`,
  );
}
