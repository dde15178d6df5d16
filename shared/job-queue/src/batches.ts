import type { Engine } from "./engine.ts";
import { JobQueueError } from "./errors.ts";
import type { AddedOperation } from "./handler.ts";
import { decodeCursor, encodeCursor } from "./ids.ts";
import { BATCH_FILTER_KEYS, BATCH_KEYS, assertKeys } from "./known-keys.ts";
import { BATCH_ONCE, BATCH_SLICE } from "./limits.ts";
import type { BatchInfo, Origin } from "./job.ts";
import type { BatchFilter, BatchOperation, BatchOptions, EnqueuedBatch, Page } from "./options.ts";
import type { Ports } from "./ports.ts";
import { requireRef, resolveRef } from "./resolve.ts";
import type { Held } from "./store/settle.ts";
import type { MemberRow } from "./store/batch.ts";
import { CANCELLED, COMPLETED, FAILED, FLAG_PLANNER } from "./store/codes.ts";
import type { Staging } from "./store/stage.ts";
import { pluginOf } from "./store/views.ts";
import {
  type Registered,
  assertFilter,
  hashOf,
  invalid,
  oneOf,
  originColumns,
  prepareJob,
  refs,
  text,
  wholeNumber,
} from "./validate.ts";
import { type WaitOptions, waitUntil } from "./wait.ts";
import type { Watch } from "./watch.ts";

export interface BatchSetting {
  readonly engine: Engine;
  readonly ports: Ports;
  readonly watch: Watch;
  readonly handlers: ReadonlyMap<string, Registered>;
  readonly maxBytes: number;
}

/** Sets of jobs with one number, one progress and one end. */
export class BatchJobManager {
  readonly #setting: BatchSetting;

  constructor(setting: BatchSetting) {
    this.#setting = setting;
  }

  /**
   * All members become visible together or not at all. A large batch is prepared and written over several turns of the event loop: do not change
   * the operations until the promise resolves. Throws what `enqueue` throws, and DEPENDENCY_CYCLE.
   */
  async enqueueBatch(operations: readonly BatchOperation[], options: BatchOptions = {}): Promise<EnqueuedBatch> {
    const { engine } = this.#setting;
    assertKeys("A batch", options, BATCH_KEYS);
    const priority = options.priority === undefined ? 0 : wholeNumber("priority", options.priority, -1_000, 1_000);
    if (options.policy !== undefined) oneOf("policy", options.policy, ["continue", "stop"]);
    if (options.open !== undefined && typeof options.open !== "boolean") invalid("open", options.open, "true or false");
    assertOperations(operations);
    const idempotencyKey = text("idempotencyKey", options.idempotencyKey) ?? undefined;
    const sorted = inOrder(operations);
    const members: MemberRow[] = [];
    for (const { operation, inside, outside } of sorted) {
      if (members.length > 0 && members.length % BATCH_SLICE === 0) await this.#turn();
      const alone = { ...operation, dependsOn: undefined, key: undefined };
      const row = this.#member(alone, options.origin, operation.priority ?? priority);
      const flags = options.open ? row.flags | FLAG_PLANNER : row.flags;
      members.push({ ...row, after: outside, members: inside, flags });
    }
    const plugins = new Set(operations.map((operation) => pluginOf(operation.type)));
    const after = refs(options.after);
    // With the order, so that the ids of a repeat belong to the same operations.
    const hash =
      idempotencyKey === undefined
        ? undefined
        : hashOf(...members.flatMap((member, i) => [member.type, member.data, String(sorted[i]?.given)]));
    const large = members.length > BATCH_ONCE;
    const staged = large ? await this.#stage(members, after, idempotencyKey, hash) : undefined;
    const made = await engine.submit("createBatch", {
      label: text("label", options.label),
      unit: text("unit", options.unit),
      plugin: plugins.size === 1 ? ([...plugins][0] ?? null) : null,
      policy: options.policy ?? "continue",
      open: options.open ?? false,
      priority,
      after,
      ...originColumns(options.origin),
      members: staged ? [] : members,
      staged,
      idempotencyKey,
      hash,
    });
    // From here on the batch is there, and a worker does this if this process does not.
    if (staged) await this.#unfold(made.number).catch(() => undefined);
    // Ids in the order in which the operations were given.
    const jobIds: string[] = [];
    for (const [i, { given }] of sorted.entries()) jobIds[given] = made.jobIds[i] as string;
    return {
      batchId: made.batchId,
      number: made.number,
      jobIds,
      totalOperations: options.open ? 0 : made.jobIds.length,
      duplicate: made.duplicate,
    };
  }

  #turn(): Promise<void> {
    return new Promise((resolve) => this.#setting.ports.loop.soon(resolve));
  }

  /** Writes the members of a large batch where nobody sees them yet. Undefined: the batch of this key is there already. */
  async #stage(
    members: readonly MemberRow[],
    after: readonly (string | number)[],
    idempotencyKey: string | undefined,
    hash: string | undefined,
  ): Promise<(Staging & { jobIds: string[] }) | undefined> {
    const { engine } = this.#setting;
    const kept = await engine.submit("stageBatch", { count: members.length, idempotencyKey, hash });
    if (kept === null) return undefined;
    const jobIds: string[] = [];
    for (let from = 0; from < members.length; from += BATCH_SLICE) {
      const slice = members.slice(from, from + BATCH_SLICE);
      jobIds.push(...(await engine.submit("stageMembers", { batch: kept.batch, from, members: slice, after })));
    }
    return { ...kept, jobIds };
  }

  /** Makes the staged members of a batch into jobs. */
  async #unfold(batch: number): Promise<void> {
    while ((await this.#setting.engine.submit("unfoldBatch", batch)).more);
  }

  /** Adds jobs to an open batch. More than 500 are added in slices: of those a later one may be refused. Throws BATCH_CLOSED. */
  async addToBatch(
    ref: string | number,
    operations: readonly AddedOperation[],
    options: { origin?: Origin | undefined } = {},
  ): Promise<{ jobIds: string[] }> {
    const { engine } = this.#setting;
    assertOperations(operations);
    const id = requireRef(engine, ref, "batch");
    const prepare = (operation: AddedOperation) => this.prepareMember(operation, options.origin);
    const members = await inSlices(this.#setting.ports, operations, prepare);
    return { jobIds: (await addMembers(engine, { id, members })) ?? [] };
  }

  /** No more jobs will be added; the batch ends when its jobs have. */
  async closeBatch(ref: string | number): Promise<void> {
    const { engine } = this.#setting;
    await engine.submit("closeBatch", requireRef(engine, ref, "batch"));
  }

  /** A batch as it stands, by number, id or the start of an id; null if there is none. */
  async getBatchStatus(ref: string | number): Promise<BatchInfo | null> {
    const { engine } = this.#setting;
    const found = resolveRef(engine, ref);
    if (found?.kind !== "batch") return null;
    return engine.queries.batches({ ids: [found.number], limit: 1 })[0] ?? null;
  }

  /** At most 1 000, newest first. */
  async getActiveBatches(): Promise<BatchInfo[]> {
    return this.#setting.engine.queries.batches({ active: true, limit: 1_000 });
  }

  /** Newest first, a page at a time. Throws INVALID_OPTION, INVALID_CURSOR. */
  async list(filter: BatchFilter = {}): Promise<Page<BatchInfo>> {
    const limit = filter.limit === undefined ? 50 : wholeNumber("limit", filter.limit, 1, 1_000);
    const before = filter.cursor === undefined ? undefined : decodeCursor("batch", filter.cursor);
    if (filter.cursor !== undefined && before === undefined) {
      throw new JobQueueError("INVALID_CURSOR", `"${filter.cursor}" is not a cursor of a list of batches.`);
    }
    assertKeys("A filter of batches", filter, BATCH_FILTER_KEYS);
    assertFilter(filter);
    if (filter.status !== undefined) oneOf("status", filter.status, BATCH_STATES);
    const items = this.#setting.engine.queries.batches({ ...filter, before, limit: limit + 1 });
    const last = items.length > limit ? items[limit - 1] : undefined;
    return { items: items.slice(0, limit), next: last && encodeCursor("batch", last.number) };
  }

  /** Members that wait end at once, running ones are asked to stop. */
  async cancelBatch(ref: string | number, options: { by?: string | undefined } = {}): Promise<BatchInfo> {
    const { engine } = this.#setting;
    const number = requireRef(engine, ref, "batch");
    let { more } = await engine.submit("cancelBatch", { id: number, by: options.by });
    // From here on a worker does this if this process does not.
    while (more) ({ more } = await engine.submit("doChores", null));
    return engine.queries.batches({ ids: [number], limit: 1 })[0] as BatchInfo;
  }

  /** Resolves when the batch's run has ended. */
  async wait(ref: string | number, options: Omit<WaitOptions, "until"> = {}): Promise<BatchInfo> {
    const { engine, watch, ports } = this.#setting;
    const number = requireRef(engine, ref, "batch");
    return waitUntil(watch, ports, number, options, () => {
      const state = engine.queries.stateOf(number);
      if (state !== undefined && state < COMPLETED) return undefined;
      const batch = engine.queries.batches({ ids: [number], limit: 1 })[0];
      if (!batch) throw new JobQueueError("BATCH_NOT_FOUND", `Batch #${number} was deleted.`);
      return batch;
    });
  }

  /** A member that is to be added, as it will be stored. Throws what `enqueue` throws. */
  prepareMember(operation: AddedOperation, origin: Origin | undefined): MemberRow {
    return { ...this.#member({ ...operation, key: undefined }, origin, 0), identity: operation.key };
  }

  #member(operation: BatchOperation, origin: Origin | undefined, priority: number): MemberRow {
    const { handlers, ports, maxBytes } = this.#setting;
    const row = prepareJob(
      { ...operation, origin, priority },
      handlers.get(operation.type),
      ports.clock.now(),
      maxBytes,
    );
    return { ...row, members: [] };
  }
}

/** Prepares very many over several turns of the event loop. */
export async function inSlices<From, To>(
  ports: Ports,
  all: readonly From[],
  prepare: (each: From) => To,
): Promise<To[]> {
  const done: To[] = [];
  for (const each of all) {
    if (done.length > 0 && done.length % BATCH_SLICE === 0)
      await new Promise<void>((resolve) => ports.loop.soon(resolve));
    done.push(prepare(each));
  }
  return done;
}

/** Their ids; null if the attempt that wanted to add them was lost. What was added before something went wrong stays. */
export async function addMembers(
  engine: Engine,
  { id, members, held }: { id: number; members: readonly MemberRow[]; held?: Held },
): Promise<string[] | null> {
  const ids: string[] = [];
  for (let from = 0; from === 0 || from < members.length; from += BATCH_SLICE) {
    const added = await engine.submit("addToBatch", { id, members: members.slice(from, from + BATCH_SLICE), held });
    if (added === null) return null;
    ids.push(...added);
  }
  return ids;
}

/** The next run of a batch: once its members are marked, in slices, it is begun by one small transaction, and any process goes on with it. */
export async function rerunBatch(engine: Engine, id: number, keepSteps: boolean): Promise<void> {
  const { mark } = await engine.submit("rerunBatch", { id, keepSteps, marked: false });
  if (mark) {
    for (const state of [FAILED, CANCELLED])
      for (let after: number | null = 0; after !== null;) {
        const marked: { next: number | null } = await engine.submit("markBatch", { id, state, after });
        after = marked.next;
      }
    await engine.submit("rerunBatch", { id, keepSteps, marked: true });
  }
  while ((await engine.submit("doChores", null)).more);
}

const BATCH_STATES = ["pending", "processing", "completed", "failed", "cancelled"] as const;

function assertOperations(operations: unknown): void {
  if (!Array.isArray(operations)) invalid("operations", operations, "a list");
  for (const operation of operations as unknown[])
    if (typeof operation !== "object" || operation === null)
      invalid("An operation", operation, "an object with a type");
}

interface Sorted {
  readonly operation: BatchOperation;
  readonly given: number;
  /** Positions in the sorted order. */
  readonly inside: number[];
  readonly outside: (string | number)[];
}

/** Members so that each comes after those it depends on (Kahn). Keys name members; everything else is outside of the batch. */
function inOrder(operations: readonly BatchOperation[]): Sorted[] {
  const byKey = new Map<string, number>();
  for (const [i, { key }] of operations.entries()) {
    if (key === undefined) continue;
    if (byKey.has(key)) throw new JobQueueError("INVALID_OPTION", `Two members of the batch have the key "${key}".`);
    byKey.set(key, i);
  }
  const needs = operations.map((operation) =>
    refs(operation.dependsOn).map((ref) => (typeof ref === "string" ? (byKey.get(ref) ?? ref) : String(ref))),
  );
  const dependents: number[][] = operations.map(() => []);
  const open = needs.map((list, i) => {
    const inside = list.filter((need) => typeof need === "number");
    for (const need of inside) dependents[need]?.push(i);
    return inside.length;
  });
  const ready = open.flatMap((count, i) => (count === 0 ? [i] : []));
  const position = new Map<number, number>();
  for (let i = 0; i < ready.length; i++) {
    const given = ready[i] as number;
    position.set(given, i);
    for (const dependent of dependents[given] ?? []) {
      open[dependent] = (open[dependent] as number) - 1;
      if (open[dependent] === 0) ready.push(dependent);
    }
  }
  if (ready.length < operations.length) {
    const circle = operations.flatMap((operation, i) =>
      position.has(i) ? [] : [operation.key ?? operation.label ?? operation.type],
    );
    throw new JobQueueError(
      "DEPENDENCY_CYCLE",
      `These members wait for each other in a circle: ${circle.slice(0, 10).join(", ")}.`,
    );
  }
  return ready.map((given) => ({
    operation: operations[given] as BatchOperation,
    given,
    inside: (needs[given] ?? []).flatMap((need) => (typeof need === "number" ? [position.get(need) as number] : [])),
    outside: (needs[given] ?? []).filter((need) => typeof need === "string"),
  }));
}
