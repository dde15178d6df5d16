// kill -9 at random moments: of producers, workers and front ends.
import { statSync } from "node:fs";
import { type Role, openCrew } from "./crew.ts";
import { monotonic, spread } from "./figures.ts";
import { inspect } from "./inspect.ts";
import { type StormOptions, newSeed, stopwatch } from "./storm.ts";

export interface KillOptions extends StormOptions {
  readonly producers?: number | undefined;
  readonly workers?: number | undefined;
  readonly fronts?: number | undefined;
  /** Processes killed, at least. */
  readonly kills?: number | undefined;
  readonly durability?: "power" | "process" | undefined;
}

export async function kill(options: KillOptions = {}) {
  const { producers = 2, workers = 2, fronts = 0, kills = 20, seconds = 0, durability = "process" } = options;
  const { seed = newSeed() } = options;
  const crew = openCrew(seed);
  const killed = { worker: 0, producer: 0, front: 0 };
  const start = (role: Role) => crew.start(role, { setting: { durability } });
  const elapsed = stopwatch();
  let withoutHeir = 0;
  try {
    for (let i = 0; i < workers; i++) start("worker");
    for (let i = 0; i < producers; i++) start("producer");
    for (let i = 0; i < fronts; i++) start("front");
    while (killed.worker + killed.producer + killed.front < kills || elapsed() < seconds) {
      const victim = crew.members[crew.between(0, crew.members.length)];
      if (!victim) throw new Error("nobody is left");
      const ripe = victim.role === "front" ? 1 : crew.between(1, 150);
      await crew.until(() => victim.done >= ripe || crew.isGone(victim));
      if (crew.isGone(victim)) throw new Error(`a ${victim.role} ended by itself: ${victim.process.exitCode}`);
      // Before the kill: whatever another worker starts after this line may be what this one held.
      if (victim.role === "worker") {
        const heir = crew.members.some((each) => each.role === "worker" && each !== victim && each.done > 0);
        if (!heir) withoutHeir += 1;
        crew.ran("K", 0, victim.process.pid as number, heir ? "heir" : "-", monotonic(), Date.now());
      }
      await crew.kill(victim);
      killed[victim.role] += 1;
      start(victim.role);
    }
    await Promise.all(crew.members.filter((member) => member.role !== "worker").map(crew.end));
    const { counts, takeovers, restarts, wrong } = await inspect(crew.folder);
    await Promise.all([...crew.members].map(crew.end));
    return {
      seed,
      seconds: elapsed(),
      durability,
      killedWorkers: killed.worker,
      killedProducers: killed.producer,
      killedFronts: killed.front,
      ...counts,
      /** Workers killed while no other one was there yet: how soon their jobs are taken over is a matter of how soon a process starts. */
      withoutHeir,
      /** Of the others: milliseconds from a kill until the jobs came back to the queue, and until the first of them began again. */
      takeover: spread(takeovers),
      restart: spread(restarts),
      bytes: statSync(crew.path).size,
      wrong: { ...wrong },
    };
  } finally {
    crew.dispose();
  }
}
