import type { LiveWorker } from "./worker-start.ts";

/** Keeps a worker alive on behalf of a front end. */
export interface WorkerKeeper {
  /** Resolves when a worker was seen alive (or was started) after this call; looks at once, or right after the look under way. */
  ensure(): Promise<LiveWorker>;
  /** The same, for callers that do not wait. */
  look(): void;
  /** Why the last look found no worker and could not start one, or that the worker it found runs newer code than this front end. */
  trouble(): string | undefined;
  /** When the looks asked for so far have ended. */
  settled(): Promise<void>;
}

const OUTDATED =
  "The config or a plugin has changed since this was started: jobs run the new code, but the tools here are the old ones. Start it again to have the new ones.";

export function workerKeeper(start: () => Promise<LiveWorker>): WorkerKeeper {
  let current: Promise<LiveWorker> | undefined;
  let next: Promise<LiveWorker> | undefined;
  let trouble: string | undefined;

  const begin = async (): Promise<LiveWorker> => {
    try {
      const live = await start();
      trouble = live.newer ? OUTDATED : undefined;
      return live;
    } catch (error) {
      trouble = error instanceof Error ? error.message : String(error);
      throw error;
    }
  };
  const track = (look: Promise<LiveWorker>): Promise<LiveWorker> => {
    current = look;
    const done = (): void => {
      if (current === look) current = undefined;
    };
    look.then(done, done);
    return look;
  };
  const again = (): Promise<LiveWorker> => {
    next = undefined;
    return track(begin());
  };
  const ensure = (): Promise<LiveWorker> => {
    if (!current) return track(begin());
    // The look under way may have seen a worker that retired since, so it does not count for what was enqueued meanwhile.
    next ??= current.then(again, again);
    return next;
  };
  return {
    ensure,
    look: () => void ensure().catch(() => undefined),
    trouble: () => trouble,
    async settled() {
      await (next ?? current)?.catch(() => undefined);
    },
  };
}
