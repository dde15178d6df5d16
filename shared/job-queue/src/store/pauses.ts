import type { StoreContext } from "./tick.ts";

export type Pauses = ReturnType<typeof pauseStore>;

export interface PauseRow {
  readonly name: string;
  readonly at: number;
  readonly principal: string | null;
}

/** Types and plugins of which nothing may start. What runs already goes on. */
export function pauseStore({ db, tick }: Pick<StoreContext, "db" | "tick">) {
  const put = db.prepare("INSERT OR IGNORE INTO bq_pause (name, at, principal) VALUES (?, ?, ?)");
  const drop = db.prepare("DELETE FROM bq_pause WHERE name = ?");
  const list = db.prepare("SELECT name, at, principal FROM bq_pause ORDER BY name");
  const names = db.prepare("SELECT name FROM bq_pause").pluck();
  const types = db.prepare("SELECT type FROM bq_lane ORDER BY type").pluck();

  return {
    names: (): ReadonlySet<string> => new Set(names.all() as string[]),
    queries: {
      pauses: () => list.all() as PauseRow[],
      /** Every type that a job was ever enqueued with, or that a worker had a handler for. */
      types: () => types.all() as string[],
    },
    commands: {
      /** False if it was paused already. */
      pause: (input: { name: string; by: string | null }): boolean => {
        return put.run(input.name, tick.now, input.by).changes > 0;
      },
      /** False if it was not paused. */
      unpause(name: string): boolean {
        if (drop.run(name).changes === 0) return false;
        tick.effects.readied = true;
        return true;
      },
    },
  };
}

/** A name with a colon is a type; one without may be a type or the plugin of types. */
export function isPaused(paused: ReadonlySet<string>, type: string): boolean {
  return paused.has(type) || (type.includes(":") && paused.has(type.slice(0, type.indexOf(":"))));
}
