import {
  type BatchModel,
  CONCURRENCY,
  type End,
  type Facts,
  type JobModel,
  type JournalEvent,
  type Model,
  addDeps,
  brokenDeps,
  members,
  openDeps,
  settleDeps,
  stateOfTarget,
  twins,
  waitedFor,
  wordOf,
} from "./state.ts";

const BACKOFF_MS = 500;
/** What a handler calls may refuse: what it names is gone or closed, or the store does not take it. */
const MAY_THROW: ReadonlySet<string> = new Set(["throw", "wait", "add", "step"]);
/** Pending, with a later time. */
const DELAYED = 2;

/**
 * What the queue promises, as a plain reducer over its journal: written from the specification, it knows no SQL. Moves the model on and says
 * what is wrong with the event, given all that came before it and what clients and handlers did.
 */
export function applyEvent(model: Model, event: JournalEvent, facts: Facts): string | undefined {
  if (event.seq <= model.seq) return `the journal went from ${model.seq} back to ${event.seq}`;
  model.seq = event.seq;
  model.events += 1;
  const wrong = event.kind === 1 ? batchEvent(model, event, facts) : jobEvent(model, event, facts);
  return wrong && `${event.kind === 1 ? "batch" : "job"} #${event.id}, run ${event.run}, ${event.change}: ${wrong}`;
}

function jobEvent(model: Model, event: JournalEvent, facts: Facts): string | undefined {
  if (event.change === "enqueued") return enqueued(model, event, facts);
  const job = model.jobs.get(event.id);
  if (!job) return "there is no such job";
  if (event.change === "rerun") return rerun(model, job, event, facts);
  if (event.run !== job.run) return `its run is ${job.run}`;
  if (job.state === "ended") return "its run has ended";
  switch (event.change) {
    case "started":
      return started(model, job, event, facts);
    case "retrying":
    case "suspended":
    case "requested":
      return departed(model, job, event, facts);
    case "released":
      return released(job, facts);
    case "unblocked":
      if (job.state === "blocked" ? openDeps(job) : job.state !== "waiting" || job.undecided)
        return `it is ${job.state} and what it waits for has not come`;
      job.state = "pending";
      return undefined;
    case "decided":
      if (job.state !== "waiting" || !job.undecided) return "there is nothing to decide";
      job.undecided = false;
      return undefined;
    case "cancelling":
      if (job.state !== "processing") return `it is ${job.state}`;
      job.cancelAsked = true;
      return asksCancel(model, job) ? undefined : "nobody asked for that";
    case "ended":
      return ended(model, job, event, facts);
    default:
      return "unknown";
  }
}

function enqueued(model: Model, event: JournalEvent, facts: Facts): string | undefined {
  const row = facts.job(event.id);
  if (!row) return "it has no row";
  if (model.jobs.has(event.id) || model.batches.has(event.id)) return "the number is taken";
  if (event.run !== 1) return "the first run is 1";
  const job: JobModel = {
    id: event.id,
    state: "pending",
    end: undefined,
    earlier: false,
    run: 1,
    tries: 0,
    most: row.most,
    notBefore: event.state === DELAYED ? row.runAt : 0,
    deps: new Map(),
    batch: row.batch,
    key: row.key,
    planner: row.planner,
    begun: false,
    cancelAsked: false,
    token: undefined,
    owner: undefined,
    undecided: false,
  };
  addDeps(model, job, facts);
  model.jobs.set(job.id, job);
  if (openDeps(job)) job.state = "blocked";
  if (wordOf(event.state) !== job.state) return `it is ${wordOf(event.state)}, and should be ${job.state}`;
  if (job.batch !== null && model.batches.get(job.batch)?.ended !== false) return "its batch has ended";
  // Of those that came back with a run of their own, a new one replaces the first only, and waits after the others.
  if (!model.crowded.has(job.key ?? "") && twins(model, job).some((twin) => !twin.begun))
    return "a job of the same key waits already";
  return undefined;
}

function started(model: Model, job: JobModel, event: JournalEvent, facts: Facts): string | undefined {
  if (job.state !== "pending") return `it is ${job.state}`;
  if (openDeps(job) || brokenDeps(job)) return "something that it waits for has not completed";
  if (event.at < job.notBefore) return `it is ${job.notBefore - event.at} ms early`;
  if (job.tries >= job.most) return `all ${job.most} tries are used`;
  if (twins(model, job).some((twin) => twin.state === "processing")) return "another job of its key runs";
  const running = [...model.jobs.values()].filter((each) => each.state === "processing").length;
  if (running >= CONCURRENCY) return `${running} jobs of the type run already`;
  const batch = job.batch === null ? undefined : model.batches.get(job.batch);
  if (batch && hasStopped(model, batch)) return "its batch has stopped";
  job.state = "processing";
  job.begun = true;
  // It was due. That somebody sets the clock back later does not undo it.
  job.notBefore = 0;
  job.tries += 1;
  job.cancelAsked = false;
  job.token = facts.job(job.id)?.fence;
  job.owner = facts.by;
  return undefined;
}

/** The owner lets it go, into a waiting state. */
function departed(model: Model, job: JobModel, event: JournalEvent, facts: Facts): string | undefined {
  if (job.state !== "processing") return `it is ${job.state}`;
  if (job.owner !== facts.by) return `it runs in shell ${job.owner}, and shell ${facts.by} said this`;
  if (job.cancelAsked) return "it was to be cancelled";
  const outcome = facts.outcome(job.id, job.token ?? -1);
  if (outcome === undefined) return "its handler has not come to that";
  const row = facts.job(job.id);
  job.notBefore = event.state === DELAYED && row?.run === job.run ? row.runAt : 0;
  if (event.change === "retrying") {
    if (!MAY_THROW.has(outcome)) return `its handler came to: ${outcome}`;
    if (job.tries >= job.most) return `all ${job.most} tries are used`;
    if (row?.run === job.run && row.runAt !== event.at + BACKOFF_MS * 2 ** (job.tries - 1))
      return "the wait before the next try is wrong";
    job.state = "pending";
    return undefined;
  }
  job.tries -= 1;
  if (event.change === "requested") {
    if (outcome !== "ask") return `its handler came to: ${outcome}`;
    job.state = "waiting";
    job.undecided = true;
    return undefined;
  }
  if (!["snooze", "sleep", "wait"].includes(outcome)) return `its handler came to: ${outcome}`;
  addDeps(model, job, facts);
  // What it waited for before may run again, and then it waits again.
  const dep = outcome === "wait" ? job.deps.get(waitedFor(job.id)) : undefined;
  if (dep) dep.done = stateOfTarget(model, waitedFor(job.id), dep.needs);
  job.state = openDeps(job) ? "blocked" : "pending";
  return wordOf(event.state) === job.state ? undefined : `it is ${wordOf(event.state)}, and should be ${job.state}`;
}

function released(job: JobModel, facts: Facts): string | undefined {
  if (job.state !== "processing") return `it is ${job.state}`;
  if (!facts.gone(job.owner ?? -1)) return `it was taken from shell ${job.owner}, which lives`;
  if (job.cancelAsked) return "it was to be cancelled";
  job.state = "pending";
  job.tries -= 1;
  return undefined;
}

const asksCancel = (model: Model, job: JobModel) =>
  model.asked.cancel.has(job.id) || (job.batch !== null && model.asked.cancelBatch.has(job.batch));

/** The failures of earlier runs stop no later one. */
const hasStopped = (model: Model, batch: BatchModel) =>
  batch.stops && members(model, batch.id).some((each) => each.end === "failed" && !each.earlier);

function ended(model: Model, job: JobModel, event: JournalEvent, facts: Facts): string | undefined {
  const end = wordOf(event.state) as End;
  const wrong = wrongEnd(model, job, end, facts);
  if (facts.reason(job.id, job.run) === "stalled") model.forced.add(`${job.id}/${job.token}`);
  job.state = "ended";
  job.end = end;
  job.undecided = false;
  settleDeps(model, job.id);
  return wrong;
}

function wrongEnd(model: Model, job: JobModel, end: End, facts: Facts): string | undefined {
  const ran = job.state === "processing";
  const outcome = ran ? facts.outcome(job.id, job.token ?? -1) : undefined;
  const reason = facts.reason(job.id, job.run);
  if (reason === undefined) return undefined;
  const words = `${end}, ${reason}, while it was ${job.state} and its handler came to: ${outcome}`;
  if (ran && !facts.gone(job.owner ?? -1) && reason !== "stalled" && job.owner !== facts.by)
    return `not by its owner: ${words}`;
  switch (reason) {
    case null:
      return end === "completed" && outcome === "complete" ? undefined : words;
    case "error": {
      const last = MAY_THROW.has(outcome ?? "") && job.tries >= job.most;
      // A wait in a circle fails at once.
      return last || outcome === "fail" || outcome === "wait" ? undefined : words;
    }
    case "rejected":
      return job.state === "waiting" && !job.undecided ? undefined : words;
    case "approval_timeout":
      return job.state === "waiting" && job.undecided ? undefined : words;
    case "crashed":
      return ran && facts.gone(job.owner ?? -1) ? undefined : words;
    case "stalled":
      return ran && model.asked.force.has(job.id) ? undefined : words;
    case "user":
      return outcome === "cancel" || asksCancel(model, job) ? undefined : words;
    case "batch": {
      const batch = job.batch === null ? undefined : model.batches.get(job.batch);
      return (batch && hasStopped(model, batch)) || asksCancel(model, job) ? undefined : words;
    }
    case "replaced":
      return !job.begun && job.key !== null && model.asked.replace.has(job.key) ? undefined : words;
    case "dependency":
      return !ran && brokenDeps(job) ? undefined : words;
    default:
      return words;
  }
}

function rerun(model: Model, job: JobModel, event: JournalEvent, facts: Facts): string | undefined {
  if (job.state !== "ended") return `it is ${job.state}`;
  if (event.run !== job.run + 1) return `its run was ${job.run}`;
  job.run = event.run;
  job.end = undefined;
  job.earlier = false;
  job.tries = 0;
  job.begun = false;
  job.cancelAsked = false;
  job.notBefore = 0;
  for (const [on, dep] of job.deps) {
    if (dep.needs === "end") job.deps.delete(on);
    // The journal does not tell of a delete, which may be part of the same transaction.
    else dep.done = facts.job(on) || facts.batch(on) ? stateOfTarget(model, on, "success") : "met";
  }
  if (brokenDeps(job)) return "something that it waits for did not complete";
  if (job.key !== null) model.crowded.add(job.key);
  for (const twin of twins(model, job)) job.deps.set(twin.id, { needs: "end", done: "open" });
  job.state = openDeps(job) ? "blocked" : "pending";
  // Who was cancelled because of it waits for it again.
  for (const other of model.jobs.values()) {
    const dep = other.deps.get(job.id);
    if (dep?.done === "broken") dep.done = "open";
  }
  return wordOf(event.state) === job.state ? undefined : `it is ${wordOf(event.state)}, and should be ${job.state}`;
}

function batchEvent(model: Model, event: JournalEvent, facts: Facts): string | undefined {
  if (event.change === "created") {
    const row = facts.batch(event.id);
    if (!row || model.batches.has(event.id) || model.jobs.has(event.id)) return "the number is taken, or has no row";
    model.batches.set(event.id, {
      id: event.id,
      ended: false,
      end: undefined,
      open: row.open,
      stops: row.stops,
      run: 1,
    });
    return undefined;
  }
  const batch = model.batches.get(event.id);
  if (!batch) return "there is no such batch";
  const of = members(model, batch.id);
  switch (event.change) {
    case "added":
      return batch.ended ? "it has ended" : undefined;
    case "closed": {
      batch.open = false;
      const planners = of.filter((job) => job.planner);
      const planned = planners.length > 0 && planners.every((job) => job.state === "ended");
      return planned || model.asked.close.has(batch.id)
        ? undefined
        : "nobody closed it, and its planning jobs have not ended";
    }
    case "ended": {
      const left = of.find((job) => job.state !== "ended");
      const cancelled = model.asked.cancelBatch.has(batch.id);
      if (batch.ended) return "it has ended already";
      batch.ended = true;
      batch.end = wordOf(event.state) as End;
      settleDeps(model, batch.id);
      if (left) return `#${left.id} of it is ${left.state}`;
      if (batch.open && !cancelled) return "it is open";
      const failed = of.some((job) => job.end === "failed");
      if (failed !== (batch.end === "failed")) return `it is ${batch.end}`;
      const all = of.every((job) => job.end === "completed");
      return all || batch.end !== "completed" ? undefined : "it is completed, and not all of its jobs are";
    }
    case "rerun":
      if (!batch.ended || event.run !== batch.run + 1) return "only the next run of an ended batch can begin";
      batch.ended = false;
      batch.end = undefined;
      batch.run = event.run;
      batch.open = facts.batch(batch.id)?.open ?? false;
      for (const job of of) job.earlier = job.end === "failed";
      for (const job of model.jobs.values()) {
        const dep = job.deps.get(batch.id);
        if (dep?.done === "broken") dep.done = "open";
      }
      return undefined;
    default:
      return "unknown";
  }
}
