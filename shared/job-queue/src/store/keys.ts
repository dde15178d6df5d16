import { JobQueueError } from "../errors.ts";
import type { StoreContext } from "./tick.ts";

/** How long a used idempotency key is remembered. */
const KEY_LIFETIME_MS = 7 * 24 * 3_600_000;

const PRUNED_AT_ONCE = 500;

export type Keys = ReturnType<typeof keyStore>;

/** Idempotency keys and the plain key-value store. */
export function keyStore(c: StoreContext) {
  const { db, tick } = c;
  const get = db.prepare("SELECT hash, reply, expires_at FROM bq_key WHERE scope = ? AND key = ?");
  const put = db.prepare(
    `INSERT INTO bq_key (scope, key, hash, reply, expires_at) VALUES (?, ?, ?, ?, ?)
     ON CONFLICT DO UPDATE SET hash = excluded.hash, reply = excluded.reply, expires_at = excluded.expires_at`,
  );
  const prune = db.prepare(
    `DELETE FROM bq_key WHERE (scope, key) IN (SELECT scope, key FROM bq_key WHERE expires_at < ? LIMIT ${PRUNED_AT_ONCE})`,
  );
  const kvGet = db.prepare("SELECT value FROM bq_kv WHERE ns = ? AND key = ?").pluck();
  const kvSet = db.prepare("INSERT INTO bq_kv VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET value = excluded.value");
  const kvDelete = db.prepare("DELETE FROM bq_kv WHERE ns = ? AND key = ?");
  const kvList = db.prepare("SELECT key, value FROM bq_kv WHERE ns = +? AND key >= +? AND key < +? ORDER BY key");

  function find(scope: string, key: string, hash: string): { reply: string | null } | undefined {
    const row = get.get(scope, key) as { hash: string; reply: string | null; expires_at: number } | undefined;
    if (!row || row.expires_at < tick.now) return undefined;
    if (row.hash !== hash)
      throw new JobQueueError(
        "IDEMPOTENCY_MISMATCH",
        `The idempotency key "${key}" was used with other input. Use a new key.`,
      );
    return row;
  }
  const remember = (scope: string, key: string, hash: string, reply: string | null) =>
    void put.run(scope, key, hash, reply, tick.now + KEY_LIFETIME_MS);

  return {
    find,
    put: remember,
    prune: (now: number): { more: boolean } => ({ more: prune.run(now).changes === PRUNED_AT_ONCE }),
    queries: {
      kvGet: (input: { ns: string; key: string }) => kvGet.get(input.ns, input.key) as string | undefined,
      kvList: (input: { ns: string; prefix: string }) =>
        // Up to the last code point there is, so that only keys with the prefix are read.
        kvList.all(input.ns, input.prefix, `${input.prefix}\u{10FFFF}`) as { key: string; value: string }[],
    },
    commands: {
      keyBegin(input: {
        scope: string;
        key: string;
        hash: string;
      }): { state: "new" | "pending" } | { state: "done"; reply: string } {
        const row = find(input.scope, input.key, input.hash);
        if (!row) {
          remember(input.scope, input.key, input.hash, null);
          return { state: "new" };
        }
        return row.reply === null ? { state: "pending" } : { state: "done", reply: row.reply };
      },
      keyFinish(input: { scope: string; key: string; hash: string; reply: string }): void {
        remember(input.scope, input.key, input.hash, input.reply);
      },
      kvSet: (input: { ns: string; key: string; value: string }): void =>
        void kvSet.run(input.ns, input.key, input.value),
      kvDelete: (input: { ns: string; key: string }): boolean => kvDelete.run(input.ns, input.key).changes > 0,
    },
  };
}
