import fc from "fast-check";
import type { PointName } from "../src/ports.ts";

/** What a handler does in one of its invocations. */
export type Deed =
  | "complete"
  | "slow"
  | "throw"
  | "fail"
  | "unsuccessful"
  | "cancel"
  | "snooze"
  | "sleep"
  | "wait"
  | "ask"
  | "hang"
  | "late"
  | "step"
  | "add";

/** What happens in a history. Numbers pick among what there is, so that every history makes sense after shrinking. */
export type Action = { readonly on: number; readonly steps: number } & (
  | {
      readonly do: "enqueue";
      readonly script: readonly Deed[];
      readonly key: number | null;
      readonly dedup: "skip" | "replace" | "coalesce";
      readonly after: readonly number[];
      readonly delay: number;
      readonly tries: number;
      /** The client asks again, at another shell, when it was not told how it ended. */
      readonly again: boolean;
    }
  | {
      readonly do: "batch";
      readonly scripts: readonly (readonly Deed[])[];
      readonly chained: boolean;
      readonly open: boolean;
      readonly policy: "continue" | "stop";
      readonly after: readonly number[];
    }
  | {
      readonly do:
        | "add"
        | "close"
        | "cancel-batch"
        | "retry-batch"
        | "delete-batch"
        | "cancel"
        | "retry"
        | "resume"
        | "delete"
        | "get";
      readonly pick: number;
    }
  | { readonly do: "decide"; readonly pick: number; readonly choice: "approve" | "reject"; readonly twice: boolean }
  /** Its owner sleeps meanwhile. It ends, or sleeps on, or wakes at once, with a handler that knows of nothing. */
  | { readonly do: "force"; readonly pick: number; readonly owner: "ends" | "sleeps" | "wakes" }
  | { readonly do: "advance"; readonly ms: number }
  | { readonly do: "jump"; readonly ms: number }
  | { readonly do: "wall"; readonly ms: number }
  | { readonly do: "crash" | "stop" | "start" | "pause" | "wake" | "settle" }
  | { readonly do: "crash-at" | "power-at"; readonly point: PointName; readonly nth: number }
  | { readonly do: "power" }
  | { readonly do: "fail"; readonly how: "busy" | "full" | "io-undone" | "io-done"; readonly times: number }
);

export interface History {
  /** Of the schedule: who comes next, and what every process takes for chance. */
  readonly seed: number;
  readonly actions: readonly Action[];
}

const POINTS: readonly PointName[] = [
  "before-commit",
  "after-commit",
  "before-handler",
  "after-handler",
  "before-settle",
  "after-settle",
  "before-takeover",
];

const deed = fc.constantFrom<Deed>(
  "complete",
  "slow",
  "throw",
  "throw",
  "fail",
  "unsuccessful",
  "cancel",
  "snooze",
  "sleep",
  "wait",
  "ask",
  "ask",
  "hang",
  "late",
  "step",
  "add",
);
const script = fc.array(deed, { maxLength: 4 });
const pick = fc.nat({ max: 40 });
const after = fc.oneof(
  { weight: 2, arbitrary: fc.constant<number[]>([]) },
  { weight: 2, arbitrary: fc.array(pick, { minLength: 1, maxLength: 3 }) },
);
const one = <Name extends string>(...names: Name[]) => fc.constantFrom(...names);

const what = fc.oneof(
  {
    weight: 9,
    arbitrary: fc.record({
      do: one("enqueue"),
      script,
      key: fc.option(fc.nat({ max: 1 }), { freq: 2 }),
      dedup: one("skip", "replace", "coalesce"),
      after,
      delay: fc.constantFrom(0, 0, 800),
      tries: fc.integer({ min: 1, max: 3 }),
      again: fc.boolean(),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: one("batch"),
      scripts: fc.array(script, { maxLength: 4 }),
      chained: fc.boolean(),
      open: fc.boolean(),
      policy: one("continue", "stop"),
      after,
    }),
  },
  {
    weight: 9,
    arbitrary: fc.record({
      do: fc.constantFrom(
        ...(["add", "close", "cancel-batch", "retry-batch", "delete-batch"] as const),
        ...(["cancel", "cancel", "retry", "retry", "resume", "delete", "get", "get"] as const),
      ),
      pick,
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ do: one("decide"), pick, choice: one("approve", "reject"), twice: fc.boolean() }),
  },
  { weight: 4, arbitrary: fc.record({ do: one("force"), pick, owner: one("ends", "sleeps", "wakes", "wakes") }) },
  { weight: 6, arbitrary: fc.record({ do: one("advance"), ms: fc.constantFrom(1, 20, 300, 1_000) }) },
  { weight: 1, arbitrary: fc.record({ do: one("jump"), ms: fc.constantFrom(2_000, 11_000, 70_000) }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: one("wall"), ms: fc.constantFrom(-86_400_000, -3_600_000, -700, 900, 3_600_000) }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constantFrom(...(["crash", "stop", "start", "start", "pause", "wake", "settle", "settle"] as const)),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constantFrom("crash-at" as const, "crash-at" as const, "crash-at" as const, "power-at" as const),
      point: fc.constantFrom(...POINTS),
      nth: fc.integer({ min: 1, max: 3 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: one("power") }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: one("fail"),
      how: one("busy", "full", "io-undone", "io-done"),
      times: fc.integer({ min: 1, max: 4 }),
    }),
  },
);

const action = fc
  .tuple(what, fc.nat({ max: 2 }), fc.nat({ max: 6 }))
  .map(([what, on, steps]): Action => ({ ...what, on, steps }));

export const history: fc.Arbitrary<History> = fc.record({
  seed: fc.noShrink(fc.integer()),
  actions: fc.array(action, { minLength: 10, maxLength: 60, size: "max" }),
});
