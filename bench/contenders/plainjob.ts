import { join } from "node:path";
import { type Contender, type Session, Signal, inCalls, timed } from "../contender.ts";
import { TYPE, payload } from "../payload.ts";
import { loadDriver, loadPeer } from "../peers.ts";

interface Plainjob {
  better(database: unknown): { pragma(statement: string): void };
  defineQueue(options: { connection: unknown; logger: typeof quiet }): {
    add(type: string, data: unknown): { id: number };
    addMany(type: string, data: unknown[]): { ids: number[] };
    close(): void;
  };
  defineWorker(
    type: string,
    processor: () => Promise<void>,
    options: { queue: unknown; logger: typeof quiet; pollIntervall: number; onCompleted: () => void },
  ): { start(): Promise<void>; stop(): Promise<void> };
}

const nothing = (): void => undefined;
const quiet = { error: console.error, warn: nothing, info: nothing, debug: nothing };

export const plainjob: Contender = {
  name: "plainjob",
  label: "plainjob",
  settings:
    "on the same better-sqlite3; one worker, which runs one job at a time; polls every millisecond (its default is a second)",
  needs: "nothing",
  peer: { folder: "sqlite", name: "plainjob" },
  async open({ folder }, durability): Promise<Session> {
    const { better, defineQueue, defineWorker } = loadPeer("sqlite", "plainjob") as Plainjob;
    const Driver = loadDriver() as new (path: string) => unknown;
    const connection = better(new Driver(join(folder, "plainjob.db")));
    const queue = defineQueue({ connection, logger: quiet });
    connection.pragma(`synchronous = ${durability === "power" ? "FULL" : "NORMAL"}`);
    const started = new Signal();
    const completed = new Signal();
    const worker = defineWorker(TYPE, async () => started.ring(), {
      queue,
      logger: quiet,
      pollIntervall: 1,
      onCompleted: completed.ring,
    });
    let running: Promise<void> | undefined;
    const start = (): void => {
      running = worker.start();
    };
    const list = (first: number, size: number): unknown[] =>
      Array.from({ length: size }, (_, at) => payload(first + at));
    return {
      enqueueOne: (count) => timed(() => inCalls(count, 1, (n) => queue.add(TYPE, payload(n)))),
      enqueueMany: (count, per) =>
        timed(() => inCalls(count, per, (first, size) => queue.addMany(TYPE, list(first, size)))),
      async process(count) {
        await inCalls(count, 1_000, (first, size) => queue.addMany(TYPE, list(first, size)));
        const done = completed.times(count);
        return timed(async () => {
          start();
          await done;
        });
      },
      async latencies(samples) {
        start();
        return started.latencies(samples, async (n) => queue.add(TYPE, payload(n)));
      },
      async close() {
        await worker.stop();
        await running;
        queue.close();
      },
    };
  },
};
