// shell:status and friends as text, for models and plain terminals.
import type { Operation, PauseView, RequestView } from "./replies.ts";
import { isEndedState } from "./states.ts";
import { count, numbersText, relativeTime } from "./wording.ts";

/** "2 operations are running and 3 wait; 1 needs a decision (#17)." */
export function statusMessage(
  operations: readonly Operation[],
  requests: readonly Pick<RequestView, "number">[],
  workers: number,
): string {
  const active = operations.filter((one) => !isEndedState(one.status));
  const ended = operations.length - active.length;
  const running = active.filter((one) => one.status === "processing").length;
  const parts = [activeText(running, active.length - running)];
  if (requests.length > 0)
    parts.push(
      `${requests.length} ${requests.length === 1 ? "needs" : "need"} a decision (${numbersText(requests.map((one) => one.number))})`,
    );
  if (ended > 0) parts.push(`${count(ended, "operation")} ended`);
  const stuck =
    active.length > 0 && workers === 0
      ? " No worker is there at the moment; the work is stored, and goes on when one has started."
      : "";
  return `${parts.join("; ")}.${stuck}`;
}

/** "Paused: feeds (2 minutes ago by ada), nightly." Nothing where nothing is. */
export function pausesLine(paused: readonly PauseView[], now: number): string[] {
  const told = paused.map(({ name, since, by }) => {
    const facts = [since === undefined ? "" : relativeTime(Date.parse(since), now), by === undefined ? "" : `by ${by}`];
    const said = facts.filter((fact) => fact !== "").join(" ");
    return said === "" ? name : `${name} (${said})`;
  });
  return told.length === 0 ? [] : [`Paused: ${told.join(", ")}.`];
}

function activeText(running: number, waiting: number): string {
  if (running === 0 && waiting === 0) return "Nothing is running";
  if (waiting === 0) return `${count(running, "operation")} ${running === 1 ? "is" : "are"} running`;
  if (running === 0) return `${count(waiting, "operation")} ${waiting === 1 ? "is" : "are"} waiting`;
  return `${count(running, "operation")} ${running === 1 ? "is" : "are"} running and ${waiting} ${waiting === 1 ? "is" : "are"} waiting`;
}

/** `#142 site-builder Generate all: processing, 8/12 sections (67%), now "intro", started 2 minutes ago, done in about 1 minute (rate)` */
export function operationLine(one: Operation, now: number): string {
  const facts = [
    one.reason === undefined ? one.status : `${one.status} (${one.reason})`,
    one.progress,
    one.currentTask === undefined ? undefined : `now: ${one.currentTask}`,
    one.note,
    isEndedState(one.status) ? endText(one, now) : startText(one),
    one.error,
  ].filter((fact) => fact !== undefined);
  const plugin = one.plugin === undefined || one.label.startsWith(`${one.plugin}:`) ? "" : `${one.plugin} `;
  return `#${one.number} ${plugin}${one.label}: ${facts.join(", ")}`;
}

export function requestLine(request: RequestView): string {
  return `#${request.number} asked ${request.asked} by #${request.jobNumber}: ${request.question} [${request.choices.join(" / ")}]`;
}

function startText(one: Operation): string | undefined {
  if (one.startedAt === undefined) return undefined;
  const source = one.estimateSource === undefined ? "" : ` by ${one.estimateSource}`;
  const end = one.estimatedCompletion === undefined ? "" : `, done ${one.estimatedCompletion}${source}`;
  return `started ${one.startedAt}${end}`;
}

function endText(one: Operation, now: number): string | undefined {
  return one.times.endedAt === undefined ? undefined : `ended ${relativeTime(Date.parse(one.times.endedAt), now)}`;
}
