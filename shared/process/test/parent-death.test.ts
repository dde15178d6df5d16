import { describe, expect, test } from "vitest";
import { sweep } from "../src/index.ts";
import { killedWorker } from "../storm/killed-worker.ts";
import { marked, tiers } from "./kit.ts";

// The everyday share of `npm run programs -- kill 200`.
const TRIES = { group: 4, namespace: 4, "user-namespace": 1 };

describe.each(tiers)("on the tier %s", (tier) => {
  const tries = TRIES[tier];
  test(`a worker that is killed leaves nothing of the group, ${tries} times`, async () => {
    const left: number[] = [];
    for (let turn = 0; turn < tries; turn++) {
      const { mark, group, escaped } = await killedWorker(tier);
      left.push(group.length);
      // Who left the group is found by the next worker. In a namespace nobody can leave.
      expect(escaped.length).toBe(tier === "group" ? 1 : 0);
      expect(await sweep(mark)).toEqual({ stopped: escaped.length, left: [] });
      expect(marked(mark)).toEqual([]);
    }
    expect(left).toEqual(Array(tries).fill(0));
  }, 60_000);
});
