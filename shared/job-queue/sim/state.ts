/** What the model knows of a job. */
export interface JobModel {
  readonly id: number;
  state: "pending" | "blocked" | "waiting" | "processing" | "ended";
  end: End | undefined;
  /** It failed in an earlier run of its batch. */
  earlier: boolean;
  run: number;
  /** Tries of this run that count. */
  tries: number;
  readonly most: number;
  /** 0 when it may start now. */
  notBefore: number;
  readonly deps: Map<number, Dep>;
  readonly batch: number | null;
  readonly key: string | null;
  readonly planner: boolean;
  /** Has begun in this run. */
  begun: boolean;
  cancelAsked: boolean;
  /** The fence of its attempt. */
  token: number | undefined;
  /** The shell that runs it. */
  owner: number | undefined;
  /** It waits for a decision that has not been made. */
  undecided: boolean;
}
export type End = "completed" | "failed" | "cancelled";
export interface Dep {
  readonly needs: "success" | "end";
  done: "open" | "met" | "broken";
}

export interface BatchModel {
  readonly id: number;
  ended: boolean;
  end: End | undefined;
  open: boolean;
  readonly stops: boolean;
  run: number;
}

/** What clients asked for, from the moment of asking: whether it was done is another matter. */
export interface Asked {
  readonly cancel: Set<number>;
  readonly cancelBatch: Set<number>;
  readonly close: Set<number>;
  readonly rerun: Set<number>;
  readonly force: Set<number>;
  readonly remove: Set<number>;
  readonly replace: Set<string>;
}

export interface Model {
  readonly jobs: Map<number, JobModel>;
  readonly batches: Map<number, BatchModel>;
  readonly asked: Asked;
  /** Attempts that were taken by force, as job/fence. */
  readonly forced: Set<string>;
  /** Keys of which several jobs may wait, since one of them runs again. */
  readonly crowded: Set<string>;
  /** The last number of the journal, and how many there were. */
  seq: number;
  events: number;
}

export interface JournalEvent {
  readonly seq: number;
  readonly at: number;
  readonly kind: number;
  readonly change: string;
  readonly id: number;
  readonly run: number;
  readonly state: number;
}

/** What a job or batch is, and what handlers did: looked up where the journal does not say it. */
export interface Facts {
  /** The shell that wrote this. */
  readonly by: number;
  job(id: number):
    | {
        readonly run: number;
        readonly fence: number;
        readonly runAt: number;
        readonly most: number;
        readonly batch: number | null;
        readonly key: string | null;
        readonly planner: boolean;
      }
    | undefined;
  batch(id: number): { readonly open: boolean; readonly stops: boolean } | undefined;
  deps(job: number): { readonly on: number; readonly needs: "success" | "end" }[];
  /** Why this run ended; undefined when the job is gone already. */
  reason(job: number, run: number): string | null | undefined;
  /** What the handler of this attempt came to. */
  outcome(job: number, fence: number): string | undefined;
  /** The process is dead, or was asked to stop. */
  gone(shell: number): boolean;
}

export const CONCURRENCY = 4;
const STATES = ["pending", "processing", "pending", "waiting", "blocked", "completed", "failed", "cancelled"] as const;

/** What a handler that waits, waits for: an older job, because two that wait for each other would wait for ever. */
export const waitedFor = (job: number): number => job - 1;

export function emptyModel(): Model {
  const asked: Asked = {
    cancel: new Set(),
    cancelBatch: new Set(),
    close: new Set(),
    rerun: new Set(),
    force: new Set(),
    remove: new Set(),
    replace: new Set(),
  };
  return { jobs: new Map(), batches: new Map(), asked, forced: new Set(), crowded: new Set(), seq: 0, events: 0 };
}

export const wordOf = (state: number) => STATES[state] as (typeof STATES)[number];

/** Whether what somebody waits for has come: open, met or broken. */
export function stateOfTarget(model: Model, on: number, needs: Dep["needs"]): Dep["done"] {
  const job = model.jobs.get(on);
  const batch = model.batches.get(on);
  const ended = job ? job.state === "ended" : (batch?.ended ?? true);
  if (!ended) return "open";
  const end = job?.end ?? batch?.end ?? "completed";
  return needs === "end" || end === "completed" ? "met" : "broken";
}

export function settleDeps(model: Model, on: number): void {
  for (const job of model.jobs.values()) {
    const dep = job.deps.get(on);
    if (dep?.done === "open") dep.done = stateOfTarget(model, on, dep.needs);
  }
}

export const openDeps = (job: JobModel) => [...job.deps.values()].some((dep) => dep.done === "open");
export const brokenDeps = (job: JobModel) => [...job.deps.values()].some((dep) => dep.done === "broken");
export const members = (model: Model, batch: number) => [...model.jobs.values()].filter((job) => job.batch === batch);
export const twins = (model: Model, { id, key }: JobModel) =>
  key === null
    ? []
    : [...model.jobs.values()].filter((job) => job.id !== id && job.key === key && job.state !== "ended");

export function addDeps(model: Model, job: JobModel, facts: Facts): void {
  for (const { on, needs } of facts.deps(job.id)) {
    if (!job.deps.has(on)) job.deps.set(on, { needs, done: stateOfTarget(model, on, needs) });
  }
}
