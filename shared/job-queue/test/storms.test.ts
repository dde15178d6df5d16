// Short versions of what `npm run storm` does for as long as one likes.
import { type TestContext, expect, test } from "vitest";
import { clock } from "../storm/clock.ts";
import { disk } from "../storm/disk.ts";
import { power } from "../storm/power.ts";
import { type Outcome, type Storm, StormImpossible, broken } from "../storm/storm.ts";

async function short(storm: Storm, context: TestContext): Promise<Outcome> {
  try {
    return await storm({ seconds: 1 });
  } catch (error) {
    if (error instanceof StormImpossible) context.skip(error.message);
    throw error;
  }
}

test("nothing acknowledged is lost when the power fails, whatever of the unsynced writes a disk has kept", async (context) => {
  const outcome = await short(power, context);
  expect(outcome["points"]).toBeGreaterThan(0);
  expect(broken(outcome)).toEqual([]);
}, 60_000);

// Bun's hrtime begins with each process, so its times of several processes cannot be compared.
test.skipIf(process.versions.bun !== undefined)(
  "nothing is lost, doubled or begun early when the clock jumps",
  async (context) => {
    expect(broken(await short(clock, context))).toEqual([]);
  },
  60_000,
);

test("a full disk loses nothing, and all goes on when it has space again", async (context) => {
  expect(broken(await short(disk, context))).toEqual([]);
}, 60_000);
