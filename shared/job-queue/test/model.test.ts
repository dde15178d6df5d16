import fc from "fast-check";
import { expect, test } from "vitest";
import { type Action, type Deed, World } from "./world.ts";

const deed = fc.constantFrom<Deed>(
  "complete",
  "throw",
  "fail",
  "unsuccessful",
  "cancel",
  "snooze",
  "sleep",
  "wait",
  "ask",
  "hang",
  "late",
  "late",
  "fail",
  "sleep",
  "ask",
  "step",
  "read",
  "add",
);
const script = fc.array(deed, { minLength: 1, maxLength: 4 });
const pick = fc.nat({ max: 40 });
const on = fc.nat({ max: 1 });
const after = fc.array(pick, { maxLength: 2 });

const action: fc.Arbitrary<Action> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant("enqueue"),
      on,
      script,
      key: fc.option(fc.nat({ max: 1 }), { freq: 2 }),
      dedup: fc.constantFrom("skip", "replace", "coalesce"),
      after: fc.oneof({ weight: 1, arbitrary: fc.constant([]) }, { weight: 2, arbitrary: after }),
      delay: fc.constantFrom(0, 0, 800),
      priority: fc.integer({ min: -2, max: 2 }),
      tries: fc.integer({ min: 1, max: 3 }),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant("batch"),
      on,
      scripts: fc.array(script, { maxLength: 4 }),
      chained: fc.boolean(),
      open: fc.boolean(),
      policy: fc.constantFrom("continue", "stop"),
      after: fc.oneof({ weight: 3, arbitrary: fc.constant([]) }, { weight: 1, arbitrary: after }),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constantFrom("add", "close", "cancelBatch", "retryBatch", "deleteBatch"),
      pick,
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("send"), pick, on, eof: fc.boolean() }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constantFrom("cancel", "resume", "delete"), pick, on }) },
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant("retry"), pick, on, force: fc.boolean(), release: fc.boolean() }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant("decide"), pick, choice: fc.constantFrom("approve", "reject") }),
  },
  { weight: 6, arbitrary: fc.record({ do: fc.constant("advance"), ms: fc.constantFrom(1, 300, 1_000, 70_000) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("crash"), on }) },
);

/** More with the environment: `MODEL_RUNS=2000`; one again with `MODEL_SEED` and `MODEL_PATH` from a failure's report. */
const { MODEL_RUNS, MODEL_SEED, MODEL_PATH } = process.env;

test(
  "whatever happens in whatever order, the store stays consistent, and after healing everything ends",
  async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(action, { minLength: 20, maxLength: 60, size: "max" }), async (history) => {
        const world = new World();
        try {
          await world.open();
          for (const each of history) {
            await world.act(each);
            expect(world.violations()).toEqual([]);
          }
          expect(await world.heal()).toEqual([]);
          expect(world.violations()).toEqual([]);
          expect(world.gaps()).toEqual([]);
          expect(world.misgiven()).toEqual([]);
        } finally {
          await world.dispose();
        }
      }),
      {
        numRuns: MODEL_RUNS === undefined ? 10 : Number(MODEL_RUNS),
        endOnFailure: false,
        ...(MODEL_SEED === undefined ? {} : { seed: Number(MODEL_SEED) }),
        ...(MODEL_PATH === undefined ? {} : { path: MODEL_PATH }),
      },
    );
  },
  Number(MODEL_RUNS ?? 10) * 20_000,
);
