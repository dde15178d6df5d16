import { type Contender, type Session, Signal, inCalls, timed, until } from "../contender.ts";
import { type Payload, payload } from "../payload.ts";
import { loadPeer } from "../peers.ts";
import { databaseFor } from "../servers/postgres.ts";

interface Graphile {
  Logger: new (factory: () => () => void) => unknown;
  makeWorkerUtils(options: { connectionString: string; logger: unknown }): Promise<{
    migrate(): Promise<void>;
    addJob(task: string, payload: Payload): Promise<unknown>;
    addJobs(jobs: { identifier: string; payload: Payload }[]): Promise<unknown>;
    withPgClient<T>(
      callback: (client: { query(sql: string): Promise<{ rows: { n: number }[] }> }) => Promise<T>,
    ): Promise<T>;
    release(): Promise<void>;
  }>;
  run(options: {
    connectionString: string;
    logger: unknown;
    noHandleSignals: boolean;
    concurrency: number;
    taskList: Record<string, () => Promise<void>>;
    preset: { worker: Record<string, unknown> };
  }): Promise<{ stop(): Promise<void> }>;
}

const CONCURRENCY = 24;
const LOCAL_QUEUE = 500;
const TASK = "bench";

function graphile(local: boolean): Contender {
  return {
    name: local ? "graphile-local" : "graphile",
    label: local ? "graphile-worker, localQueue" : "graphile-worker",
    settings: `local Postgres; concurrency ${CONCURRENCY}${local ? `, localQueue.size ${LOCAL_QUEUE}, completeJobBatchDelay 0` : ""}; a finished job is deleted, so no result and no journal are kept`,
    needs: "postgres",
    peer: { folder: "servers", name: "graphile-worker" },
    async open({ servers }, durability): Promise<Session> {
      const { url: connectionString, release } = await databaseFor(servers, durability);
      const { Logger, makeWorkerUtils, run } = loadPeer("servers", "graphile-worker") as Graphile;
      const logger = new Logger(() => () => undefined);
      const utils = await makeWorkerUtils({ connectionString, logger });
      await utils.migrate();
      const signal = new Signal();
      let runner: { stop(): Promise<void> } | undefined;
      const start = async (): Promise<void> => {
        runner = await run({
          connectionString,
          logger,
          noHandleSignals: true,
          concurrency: CONCURRENCY,
          taskList: { [TASK]: async () => signal.ring() },
          preset: {
            worker: local ? { localQueue: { size: LOCAL_QUEUE }, completeJobBatchDelay: 0, failJobBatchDelay: 0 } : {},
          },
        });
      };
      const jobs = (first: number, size: number): { identifier: string; payload: Payload }[] =>
        Array.from({ length: size }, (_, at) => ({ identifier: TASK, payload: payload(first + at) }));
      const left = (): Promise<number> =>
        utils.withPgClient(async (client) => {
          const { rows } = await client.query("SELECT count(*)::int AS n FROM graphile_worker._private_jobs");
          return rows[0]?.n ?? 0;
        });
      return {
        enqueueOne: (count) => timed(() => inCalls(count, 1, (n) => utils.addJob(TASK, payload(n)))),
        enqueueMany: (count, per) =>
          timed(() => inCalls(count, per, (first, size) => utils.addJobs(jobs(first, size)))),
        async process(count) {
          await inCalls(count, 1_000, (first, size) => utils.addJobs(jobs(first, size)));
          const ran = signal.times(count);
          return timed(async () => {
            await start();
            await ran;
            await until(async () => (await left()) === 0);
          });
        },
        async latencies(samples) {
          await start();
          return signal.latencies(samples, (n) => utils.addJob(TASK, payload(n)));
        },
        async close() {
          await runner?.stop();
          await utils.release();
          await release();
        },
      };
    },
  };
}

export const graphileWorker: Contender = graphile(false);
export const graphileLocal: Contender = graphile(true);
