import type { QueuedReply } from "./contract.ts";
import type { Enqueued, Scope } from "./scope.ts";
import { count } from "./wording.ts";

/** Fields of what `enqueueJob` and `enqueueBatch` give that the uniform reply says in its own words. */
const SPOKEN = new Set(["jobId", "batchId", "jobIds", "number", "duplicate", "status", "label", "message", "tip"]);

/** What the tool's answer says it enqueued: the job or batch that it returned, or the last one if it returned nothing. */
export function enqueuedBy(result: unknown, scope: Scope): Enqueued | undefined {
  if (result === undefined || result === null) return scope.enqueued.at(-1);
  if (typeof result !== "object") return undefined;
  const { jobId, batchId } = result as { jobId?: unknown; batchId?: unknown };
  return scope.enqueued.find((one) => one.id === (one.kind === "job" ? jobId : batchId));
}

/** The uniform reply, with whatever else the tool put beside the id. */
export function queuedReply(enqueued: Enqueued, result: unknown): QueuedReply {
  const { kind, id, number, label, total, duplicate, unit = "jobs" } = enqueued;
  // A batch whose first job plans it has no total yet, and 0 would be taken for one.
  const unsaid = kind === "batch" && total === undefined ? "totalOperations" : undefined;
  const extra = Object.entries(typeof result === "object" && result !== null ? result : {}).filter(
    ([key]) => !SPOKEN.has(key) && key !== unsaid,
  );
  const known =
    total === undefined ? `; how many ${unit} it has is not known yet` : ` with ${count(total, singular(unit), unit)}`;
  const size = kind === "batch" ? known : "";
  return {
    ...Object.fromEntries(extra),
    status: "queued",
    ...(kind === "job" ? { jobId: id } : { batchId: id }),
    number,
    label,
    message: duplicate
      ? `${label} was already queued as ${kind} #${number}.`
      : `${label}: queued as ${kind} #${number}${size}.`,
    tip: `It runs in the background. Ask shell:status with id ${number} for its progress; cancel it with shell:cancel.`,
  };
}

function singular(unit: string): string {
  return unit.endsWith("s") ? unit.slice(0, -1) : unit;
}
