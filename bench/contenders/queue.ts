import { join } from "node:path";
import { type JobQueue, type QueueOptions, openJobQueue } from "../../shared/job-queue/src/index.ts";
import { type Contender, type Session, Signal, inCalls, timed } from "../contender.ts";
import { type Payload, RESULT, TYPE, payload } from "../payload.ts";

/** Jobs that the worker runs at once. */
export const CONCURRENCY = 100;

/** The queue as an application opens it. What goes wrong inside is an error here. */
export function openQueue(folder: string, options: Omit<QueueOptions, "path"> = {}): Promise<JobQueue> {
  return openJobQueue({
    path: join(folder, "queue.db"),
    durability: "process",
    concurrency: CONCURRENCY,
    onInternalError: (error) => {
      throw error;
    },
    ...options,
  });
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Resolves when nothing runs and nothing is ready. */
export async function untilIdle(queue: JobQueue): Promise<void> {
  for (;;) {
    const { ready, processing } = await queue.stats();
    if (ready + processing === 0) return;
    await turn();
  }
}

/** Jobs of one type, a thousand per call. */
export async function fill(queue: JobQueue, count: number, type: string = TYPE): Promise<void> {
  await inCalls(count, 1_000, (first, size) =>
    queue.service.enqueueMany(Array.from({ length: size }, (_, at) => ({ type, data: payload(first + at) }))),
  );
}

export const queue: Contender = {
  name: "queue",
  label: "@brains/job-queue",
  settings: `one process, concurrency ${CONCURRENCY}, defaults otherwise`,
  needs: "nothing",
  async open({ folder }, durability): Promise<Session> {
    const opened = await openQueue(folder, { durability });
    const signal = new Signal();
    opened.registerHandler<Payload, typeof RESULT>(TYPE, {
      process: async () => {
        signal.ring();
        return RESULT;
      },
    });
    return {
      enqueueOne: (count) => timed(() => inCalls(count, 1, (n) => opened.enqueue(TYPE, payload(n)))),
      enqueueMany: (count, per) =>
        timed(() =>
          inCalls(count, per, (first, size) =>
            opened.service.enqueueMany(
              Array.from({ length: size }, (_, at) => ({ type: TYPE, data: payload(first + at) })),
            ),
          ),
        ),
      async process(count) {
        const ran = signal.times(count);
        await fill(opened, count);
        return timed(async () => {
          await opened.start();
          await ran;
          await untilIdle(opened);
        });
      },
      async latencies(samples) {
        await opened.start();
        return signal.latencies(samples, (n) => opened.enqueue(TYPE, payload(n)));
      },
      close: () => opened.stop({ grace: 0 }),
    };
  },
};
