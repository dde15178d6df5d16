import type { LiveWorker } from "./worker-start.ts";

/** Keeps a worker alive on behalf of a front end. */
export interface WorkerKeeper {
  /** Resolves when a worker was seen alive (or was started) after this call; looks at once, or right after the look under way. */
  ensure(): Promise<LiveWorker>;
  /** The same, for callers that do not wait. */
  look(): void;
  /** Why the last look found no worker and could not start one. */
  trouble(): string | undefined;
  /** When no look is under way any more. */
  settled(): Promise<void>;
}

export function workerKeeper(start: () => Promise<LiveWorker>): WorkerKeeper {
  let current: Promise<LiveWorker> | undefined;
  let next: Promise<LiveWorker> | undefined;
  let trouble: string | undefined;

  const begin = (): Promise<LiveWorker> => {
    const look = start();
    current = look;
    look
      .then(
        () => (trouble = undefined),
        (error: unknown) => (trouble = error instanceof Error ? error.message : String(error)),
      )
      .finally(() => {
        if (current === look) current = undefined;
      });
    return look;
  };
  const ensure = (): Promise<LiveWorker> => {
    if (!current) return begin();
    // The look under way may have seen a worker that retired since, so it does not count for what was enqueued meanwhile.
    next ??= current.then(again, again);
    return next;
  };
  const again = (): Promise<LiveWorker> => {
    next = undefined;
    return begin();
  };
  return {
    ensure,
    look: () => void ensure().catch(() => undefined),
    trouble: () => trouble,
    async settled() {
      while (current ?? next) await (next ?? current)?.catch(() => undefined);
    },
  };
}
