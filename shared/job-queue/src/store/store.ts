import type { Random } from "../ports.ts";
import type { Database } from "../sqlite.ts";
import { batchStore } from "./batch.ts";
import { choreList, choreStore } from "./chores.ts";
import { claimStore } from "./claim.ts";
import { controlStore } from "./control.ts";
import { endingStore } from "./ending.ts";
import { enqueueStore } from "./enqueue.ts";
import { inputStore } from "./input.ts";
import { journalStore } from "./journal.ts";
import { keyStore } from "./keys.ts";
import { pauseStore } from "./pauses.ts";
import { pruneStore } from "./prune.ts";
import { rateStore } from "./rates.ts";
import { readStore } from "./read.ts";
import { rerunStore } from "./rerun.ts";
import { scheduleStore } from "./schedule.ts";
import { settleStore } from "./settle.ts";
import { stageStore } from "./stage.ts";
import { suspectStore } from "./suspects.ts";
import { takeoverStore } from "./takeover.ts";
import { createTick } from "./tick.ts";

export type Store = ReturnType<typeof createStore>;
/** Every write, by name. Input and output are data, so that another engine can carry them elsewhere. */
export type Commands = Store["commands"];
export type CommandName = keyof Commands;

/** All SQL of the queue. Commands run inside the engine's transaction; queries may run at any time. */
export function createStore(db: Database, options: { random: Random; now: () => number; maxBytes: number }) {
  const tick = createTick(db);
  const context = { db, tick, random: options.random, maxBytes: options.maxBytes };
  const keys = keyStore(context);
  const chores = choreList(context);
  const ending = endingStore(context, chores);
  const enqueue = enqueueStore(context, keys, ending);
  const pauses = pauseStore(context);
  const suspects = suspectStore(context);
  const stage = stageStore(context, enqueue, ending, keys);
  const claim = claimStore(context, { pauses, stage, suspects, rates: rateStore(context) }, enqueue.laneOf);
  const settle = settleStore(context, ending);
  const again = rerunStore(context, ending, chores);
  const control = controlStore(context, ending, again);
  const input = inputStore(context, ending);
  const batch = batchStore(context, { enqueue, ending, control, again, chores, keys, stage });
  const schedule = scheduleStore(context, enqueue);
  const prune = pruneStore(context, control.drop, batch.dropSlice);
  return {
    tick,
    commands: {
      ...enqueue.commands,
      ...claim.commands,
      ...takeoverStore(context, ending, suspects).commands,
      ...pauses.commands,
      ...suspects.commands,
      ...settle.commands,
      ...control.commands,
      ...input.commands,
      ...stage.commands,
      ...batch.commands,
      ...choreStore(context, chores, ending, again, batch).commands,
      ...keys.commands,
      ...prune.commands,
      ...schedule.commands,
      // A worker with a schedule has something to stay for.
      retire: (input: Parameters<typeof claim.commands.retire>[0]): boolean =>
        !schedule.any() && claim.commands.retire(input),
      pruneKeys: (_: null): { more: boolean } => keys.prune(tick.now),
    },
    queries: {
      ...claim.queries,
      ...pauses.queries,
      ...settle.queries,
      ...control.queries,
      ...input.queries,
      ...keys.queries,
      ...prune.queries,
      ...schedule.queries,
      ...journalStore(db),
      ...readStore(db, options.now, pauses.names),
    },
    /** What follows for batches from the commands so far. */
    settleBatches(): void {
      if (tick.touched.size > 0) batch.settleTouched();
    },
    /** The end of the transaction. The claim may have let members of a large batch in, and one of them may have ended at once. */
    conclude(): void {
      if (tick.touched.size > 0) batch.settleTouched();
      tick.flush();
    },
    forget: () => enqueue.forgetLanes(),
  };
}
