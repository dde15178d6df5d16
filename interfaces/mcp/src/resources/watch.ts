import type { Caller, LogsReply, Shell } from "@brains/shell";
import { shellData } from "../shell-data.ts";
import { throttle } from "../throttle.ts";
import { workUri, type WorkUri } from "./work-uri.ts";

/** Milliseconds between two updates of one resource. */
const INTERVAL = 1000;
/** Milliseconds between two looks at a log that grows: lines of a log are no events. */
const LOOK = 500;
/** Resources that one connection, or all of an HTTP server, watch at once. */
const MOST = 1000;

interface Watched {
  users: number;
  readonly end: () => void;
}

/** Says which resources have changed, and nothing of what is in them. A resource that several ask for is watched once. */
export class ResourceWatch {
  readonly #shell: Shell;
  readonly #publish: (uri: string) => void;
  readonly #watched = new Map<string, Watched>();

  constructor(shell: Shell, publish: (uri: string) => void) {
    this.#shell = shell;
    this.#publish = publish;
  }

  /** Gives what ends it; undefined for an address that is not watched here, or when too many are. */
  add(uri: string, caller: Caller): (() => void) | undefined {
    const work = workUri(uri);
    if (!work) return undefined;
    const known = this.#watched.get(uri);
    if (!known && this.#watched.size >= MOST) return undefined;
    const watched = known ?? { users: 0, end: this.#begin(uri, work, caller) };
    watched.users += 1;
    this.#watched.set(uri, watched);
    let over = false;
    return () => {
      if (over) return;
      over = true;
      watched.users -= 1;
      if (watched.users > 0) return;
      watched.end();
      this.#watched.delete(uri);
    };
  }

  close(): void {
    for (const { end } of this.#watched.values()) end();
    this.#watched.clear();
  }

  #begin(uri: string, work: WorkUri, caller: Caller): () => void {
    const updates = throttle(() => this.#publish(uri), INTERVAL);
    const log = work.part === "output" ? followLog(this.#shell, caller, work.id, updates.ask) : undefined;
    const changed = log ? log.look : updates.ask;
    // What is not there has no news.
    const silence = this.#shell.follow(caller, changed, { ids: [work.id], onError: () => undefined });
    return () => {
      silence();
      log?.end();
      updates.end();
    };
  }
}

/** Tells of new lines of a log, looking again and again until the job has ended; then only when something happens to it. */
function followLog(shell: Shell, caller: Caller, id: string, changed: () => void) {
  const data = shellData(shell, caller);
  let cursor: string | undefined;
  let timer: NodeJS.Timeout | undefined;
  let looking = false;
  let over = false;

  const look = async (): Promise<void> => {
    if (looking || over) return;
    looking = true;
    clearTimeout(timer);
    try {
      const news = cursor === undefined ? undefined : await data<LogsReply>("logs", { id, after: cursor, limit: 1 });
      let ended = news?.ended === true;
      if (news === undefined || news.lines.length > 0) {
        // Before the client is told: a line that comes while it reads is news again. The cursor of an empty tail would be the log's beginning.
        const end = await data<LogsReply>("logs", { id, tail: 1 });
        cursor = end.cursor;
        ended = false;
        if (news) changed();
      }
      if (!ended && !over) timer = setTimeout(() => void look(), LOOK).unref();
    } catch {
      // The job was deleted, or the store is closing: nothing more to tell.
    } finally {
      looking = false;
    }
  };
  void look();
  return {
    look: () => void look(),
    end: () => {
      over = true;
      clearTimeout(timer);
    },
  };
}
