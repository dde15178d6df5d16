import { type Contender, type Session, Signal, inCalls, timed, until } from "../contender.ts";
import { type Payload, RESULT, payload } from "../payload.ts";
import { loadPeer } from "../peers.ts";
import { databaseFor } from "../servers/postgres.ts";

interface PgBossModule {
  PgBoss: new (options: { connectionString: string; useListenNotify: boolean; schedule: boolean }) => {
    on(event: "error", listener: (error: unknown) => void): void;
    start(): Promise<unknown>;
    stop(options: { graceful: boolean; close: boolean }): Promise<void>;
    createQueue(name: string, options: { notify: boolean }): Promise<void>;
    send(name: string, data: Payload): Promise<unknown>;
    insert(name: string, jobs: { data: Payload }[]): Promise<unknown>;
    work(
      name: string,
      options: { batchSize: number; burstWhenBatchFull: boolean; pollingIntervalSeconds: number },
      handler: (jobs: unknown[]) => Promise<unknown>,
    ): Promise<unknown>;
    getDb(): { executeSql(sql: string): Promise<{ rows: { n: number }[] }> };
  };
}

const BATCH = 100;
const NAME = "bench";

export const pgBoss: Contender = {
  name: "pg-boss",
  label: "pg-boss",
  settings: `local Postgres; batchSize ${BATCH}, burstWhenBatchFull, LISTEN/NOTIFY on; one handler call per batch`,
  needs: "postgres",
  peer: { folder: "servers", name: "pg-boss" },
  async open({ servers }, durability): Promise<Session> {
    const { url: connectionString, release } = await databaseFor(servers, durability);
    const { PgBoss } = loadPeer("servers", "pg-boss") as PgBossModule;
    const boss = new PgBoss({ connectionString, useListenNotify: true, schedule: false });
    boss.on("error", console.error);
    await boss.start();
    await boss.createQueue(NAME, { notify: true });
    const signal = new Signal();
    const start = (): Promise<unknown> =>
      boss.work(NAME, { batchSize: BATCH, burstWhenBatchFull: true, pollingIntervalSeconds: 0.5 }, async (jobs) => {
        for (let i = 0; i < jobs.length; i++) signal.ring();
        return RESULT;
      });
    const jobs = (first: number, size: number): { data: Payload }[] =>
      Array.from({ length: size }, (_, at) => ({ data: payload(first + at) }));
    const left = async (): Promise<number> => {
      const { rows } = await boss
        .getDb()
        .executeSql("SELECT count(*)::int AS n FROM pgboss.job WHERE state < 'completed'");
      return rows[0]?.n ?? 0;
    };
    return {
      enqueueOne: (count) => timed(() => inCalls(count, 1, (n) => boss.send(NAME, payload(n)))),
      enqueueMany: (count, per) =>
        timed(() => inCalls(count, per, (first, size) => boss.insert(NAME, jobs(first, size)))),
      async process(count) {
        await inCalls(count, 1_000, (first, size) => boss.insert(NAME, jobs(first, size)));
        const ran = signal.times(count);
        return timed(async () => {
          await start();
          await ran;
          await until(async () => (await left()) === 0);
        });
      },
      async latencies(samples) {
        await start();
        return signal.latencies(samples, (n) => boss.send(NAME, payload(n)));
      },
      async close() {
        await boss.stop({ graceful: false, close: true });
        await release();
      },
    };
  },
};
