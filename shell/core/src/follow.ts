import type { BatchEvent, JobEvent } from "@brains/job-queue/handler";
import type { Caller, Logger } from "@brains/plugin";
import { visibleEvent } from "./content.ts";
import type { FollowOptions } from "./contract.ts";
import { BrainsError, messageOf } from "./errors.ts";
import type { JobQueue } from "@brains/job-queue";
import { concerns } from "./waiting.ts";

/** Events from any process, in order, from a cursor on; ended by the returned function, after which the listener is not called again. */
export function followEvents(
  queue: JobQueue,
  log: Logger,
  caller: Caller,
  listener: (event: JobEvent | BatchEvent) => void,
  options: FollowOptions,
): () => void {
  let ended = false;
  let unsubscribe = () => {};
  const onError = options.onError ?? ((error: unknown) => log.error("following failed", { error: messageOf(error) }));
  const start = async () => {
    // Now, before the ids are looked up: nothing that happens meanwhile is missed.
    const after = options.after ?? (await queue.events.cursor());
    const ids = options.ids === undefined ? undefined : await idsOf(queue, options.ids);
    if (ended) return;
    unsubscribe = queue.events.subscribe({ after }, (event) => {
      if (ended || (ids !== undefined && !concerns(event, ids))) return;
      try {
        listener(visibleEvent(event, caller));
      } catch (error) {
        log.warn("a listener threw an error", { error: messageOf(error) });
      }
    });
  };
  start().catch(onError);
  return () => {
    ended = true;
    unsubscribe();
  };
}

async function idsOf(queue: JobQueue, refs: readonly (string | number)[]): Promise<ReadonlySet<string>> {
  const found = await Promise.all(
    refs.map(async (ref) => {
      const one = await queue.resolve(ref);
      if (one === null)
        throw new BrainsError("NOT_FOUND", `There is no job or batch ${JSON.stringify(ref)} to follow.`);
      return one.id;
    }),
  );
  return new Set(found);
}
