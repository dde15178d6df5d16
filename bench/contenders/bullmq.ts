import { type Contender, type Session, Signal, inCalls, timed } from "../contender.ts";
import { type Payload, RESULT, payload } from "../payload.ts";
import { loadPeer } from "../peers.ts";
import { redisFor } from "../servers/redis.ts";
import { databaseFor } from "../servers/postgres.ts";

interface BullMq {
  Queue: new (name: string, options: { connection: unknown }, backend?: unknown) => BullQueue;
  Worker: new (
    name: string,
    processor: () => Promise<unknown>,
    options: { connection: unknown; concurrency: number; autorun: boolean },
    backend?: unknown,
  ) => {
    run(): Promise<void>;
    on(event: "completed" | "error", listener: (error: unknown) => void): void;
    waitUntilReady(): Promise<unknown>;
    close(force?: boolean): Promise<void>;
  };
  createPostgresBackend: unknown;
}

interface BullQueue {
  add(name: string, data: Payload): Promise<unknown>;
  addBulk(jobs: { name: string; data: Payload }[]): Promise<unknown>;
  waitUntilReady(): Promise<unknown>;
  on(event: "error", listener: (error: unknown) => void): void;
  close(): Promise<void>;
}

const CONCURRENCY = 100;
const NAME = "bench";

async function open(
  connection: unknown,
  backend: "redis" | "postgres",
  release: () => Promise<void>,
): Promise<Session> {
  const bull = loadPeer("servers", "bullmq") as BullMq;
  const factory = backend === "postgres" ? bull.createPostgresBackend : undefined;
  const queue = new bull.Queue(NAME, { connection }, factory);
  queue.on("error", console.error);
  await queue.waitUntilReady();
  const started = new Signal();
  const completed = new Signal();
  const worker = new bull.Worker(
    NAME,
    async () => {
      started.ring();
      return RESULT;
    },
    { connection, concurrency: CONCURRENCY, autorun: false },
    factory,
  );
  worker.on("error", console.error);
  worker.on("completed", completed.ring);
  await worker.waitUntilReady();
  const jobs = (first: number, size: number): { name: string; data: Payload }[] =>
    Array.from({ length: size }, (_, at) => ({ name: NAME, data: payload(first + at) }));
  return {
    enqueueOne: (count) => timed(() => inCalls(count, 1, (n) => queue.add(NAME, payload(n)))),
    enqueueMany: (count, per) => timed(() => inCalls(count, per, (first, size) => queue.addBulk(jobs(first, size)))),
    async process(count) {
      await inCalls(count, 1_000, (first, size) => queue.addBulk(jobs(first, size)));
      const done = completed.times(count);
      return timed(async () => {
        void worker.run();
        await done;
      });
    },
    async latencies(samples) {
      void worker.run();
      return started.latencies(samples, (n) => queue.add(NAME, payload(n)));
    },
    async close() {
      await worker.close(true);
      await queue.close();
      await release();
    },
  };
}

export const bullmqRedis: Contender = {
  name: "bullmq-redis",
  label: "BullMQ on Redis",
  settings: `local Redis with append-only file (\`process\`: written at once, synced every second; \`power\`: appendfsync always); concurrency ${CONCURRENCY}`,
  needs: "redis",
  peer: { folder: "servers", name: "bullmq" },
  async open({ servers }, durability): Promise<Session> {
    const { connection, release } = await redisFor(servers, durability);
    return open(connection, "redis", release);
  },
};

export const bullmqPostgres: Contender = {
  name: "bullmq-postgres",
  label: "BullMQ on Postgres",
  settings: `local Postgres (\`process\`: synchronous_commit off; \`power\`: on); concurrency ${CONCURRENCY}`,
  needs: "postgres",
  peer: { folder: "servers", name: "bullmq" },
  async open({ servers }, durability): Promise<Session> {
    const { url, release } = await databaseFor(servers, durability);
    return open({ connectionString: url, migrate: true }, "postgres", release);
  },
};
