import { execFile } from "node:child_process";
import { chmodSync, existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import type BetterSqlite3 from "better-sqlite3";
import { getTableColumns, getTableName } from "drizzle-orm";
import { expect, onTestFinished, test, vi } from "vitest";
import { openJobQueue } from "../src/index.ts";
import { JOB_STATES, TRANSITIONS } from "../src/job.ts";
import { BUSY_LIMIT_MS } from "../src/limits.ts";
import { MIGRATIONS } from "../src/migrations.ts";
import * as schema from "../src/schema.ts";
import { assertVersion, migrate, openStoreFile } from "../src/sqlite.ts";
import { jobCodes, jobWord } from "../src/store/codes.ts";
import { Engine } from "../src/engine.ts";
import { systemPorts } from "../src/system-ports.ts";
import { createStore } from "../src/store/store.ts";
import { prepareJob } from "../src/validate.ts";
import { codeOf, createTestStore, openQueue } from "./kit.ts";

const Sqlite = createRequire(import.meta.url)("better-sqlite3") as typeof BetterSqlite3;

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), "store-"));
  onTestFinished(() => {
    chmodSync(path, 0o700);
    rmSync(path, { recursive: true, force: true });
  });
  return path;
}

test("the query builder's schema is the one of the migrations", () => {
  const db = new Sqlite(":memory:");
  migrate(db);
  for (const table of Object.values(schema)) {
    const inStore = db.pragma(`table_info(${getTableName(table)})`) as { name: string; notnull: number; pk: number }[];
    const declared = Object.values(getTableColumns(table)).map((column) => ({
      name: column.name,
      required: column.notNull,
    }));
    expect(declared).toEqual(
      inStore.map((column) => ({ name: column.name, required: column.notnull === 1 || column.pk === 1 })),
    );
  }
});

test("the store allows exactly the transitions of the table", () => {
  const db = new Sqlite(":memory:");
  migrate(db);
  const allowed = (from: number, to: number): boolean => {
    db.exec(
      `DELETE FROM bq_job; INSERT INTO bq_job (id, lane, state, sort, run_at, max_attempts) VALUES (1, 1, ${from}, 0, 0, 1)`,
    );
    try {
      db.exec(`UPDATE bq_job SET state = ${to}`);
      return true;
    } catch {
      return false;
    }
  };
  for (const from of JOB_STATES) {
    const next = new Set(Object.values(TRANSITIONS[from]));
    for (const to of JOB_STATES) {
      if (from === to) continue;
      const possible = jobCodes(from).some((a) => jobCodes(to).some((b) => allowed(a, b)));
      expect([from, to, possible]).toEqual([from, to, next.has(to)]);
    }
  }
  expect(jobCodes("pending").map(jobWord)).toEqual(["pending", "pending"]);
});

test("a store from a newer version is refused and left alone", async () => {
  const path = join(folder(), "new.db");
  const queue = await openJobQueue({ path });
  await queue.stop();
  const db = new Sqlite(path);
  db.exec("UPDATE bq_meta SET value = 999 WHERE key = 'schema'");
  db.close();
  expect(await codeOf(openJobQueue({ path }))).toBe("STORE_TOO_NEW");
});

test("concurrent first opens apply each migration once", async () => {
  const path = join(folder(), "many.db");
  const queues = await Promise.all(Array.from({ length: 8 }, () => openJobQueue({ path })));
  await Promise.all(queues.map((queue) => queue.enqueue("x")));
  expect((await queues[0]?.service.list())?.items).toHaveLength(8);
  await Promise.all(queues.map((queue) => queue.stop()));
});

test("a migration that fails leaves the store as it was", () => {
  const db = new Sqlite(":memory:");
  migrate(db);
  expect(() => migrate(db, [...MIGRATIONS, "CREATE TABLE extra (x); SELECT nonsense"])).toThrow();
  expect(db.prepare("SELECT value FROM bq_meta WHERE key = 'schema'").pluck().get()).toBe(MIGRATIONS.length);
  expect(db.prepare("SELECT count(*) FROM sqlite_master WHERE name = 'extra'").pluck().get()).toBe(0);
});

test("the folder is for its owner only, the files too", async () => {
  const path = join(folder(), "deep", "er", "q.db");
  const queue = await openJobQueue({ path });
  await queue.enqueue("x");
  expect(statSync(join(path, "..")).mode & 0o777).toBe(0o700);
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(statSync(`${path}-wal`).mode & 0o777).toBe(0o600);
  await queue.stop();
});

test("what is not a store is refused with its path", async () => {
  const path = join(folder(), "text.db");
  writeFileSync(path, "this is not a database, and it is long enough to be read as a header of one ".repeat(20));
  const error = await openJobQueue({ path }).catch((e: unknown) => e as Error & { code: string });
  expect(error).toMatchObject({ code: "STORE_UNREADABLE" });
  expect((error as Error).message).toContain(path);
});

test("an SQLite with the WAL-reset bug is refused", () => {
  for (const bad of ["3.7.0", "3.46.0", "3.51.2"]) expect(() => assertVersion(bad)).toThrow(/corruption bug/);
  for (const good of ["3.51.3", "3.54.1", "4.0.0"]) assertVersion(good);
});

test("a full disk refuses with a code, keeps what was acknowledged, and takes more when there is room", async () => {
  const path = join(folder(), "full.db");
  const db = openStoreFile(path, "power");
  migrate(db);
  const store = createStore(db, { random: systemPorts.random, now: Date.now, maxBytes: 1_000_000 });
  const engine = new Engine(db, store, systemPorts, path, () => undefined);
  const row = (data: string) => prepareJob({ type: "x", data }, undefined, Date.now(), 1_000_000);
  const kept: number[] = [];
  db.pragma(`max_page_count = ${(db.pragma("page_count", { simple: true }) as number) + 20}`);
  const codes: (string | undefined)[] = [];
  for (let i = 0; i < 30; i++) {
    const made = engine.submit("enqueue", [row("y".repeat(8_000))]);
    codes.push(await codeOf(made.then((jobs) => kept.push(jobs[0]?.number as number))));
  }
  expect(codes.at(-1)).toBe("STORE_FULL");
  expect(kept.length).toBeGreaterThan(0);
  expect(engine.queries.jobs({ limit: 100 }).map((job) => job.number)).toEqual(kept.toReversed());
  db.pragma("max_page_count = 1000000");
  await engine.submit("enqueue", [row("z".repeat(8_000))]);
  expect(engine.queries.jobs({ limit: 100 })).toHaveLength(kept.length + 1);
  await engine.close();
});

test("what goes wrong after a commit is reported, and its commands are not done twice", async () => {
  const db = openStoreFile(":memory:", "process");
  migrate(db);
  const reported: unknown[] = [];
  const engine = new Engine(db, createTestStore(db, systemPorts.random), systemPorts, ":memory:", (error) =>
    reported.push(error),
  );
  const broken = new Error("a listener");
  engine.onCommit(() => {
    throw broken;
  });
  const row = prepareJob({ type: "x" }, undefined, Date.now(), 1_000);
  const made = await Promise.all([engine.submit("enqueue", [row]), engine.submit("enqueue", [row])]);
  expect(made.flat().map(({ number }) => number)).toEqual([1, 2]);
  expect(engine.queries.jobs({ limit: 10 })).toHaveLength(2);
  expect(reported).toEqual([broken]);
  await engine.close();
});

test("one bad command does not fail its neighbours in the same commit", async () => {
  const queue = await openQueue();
  const results = await Promise.all([
    codeOf(queue.enqueue("a")),
    codeOf(queue.enqueue("b", null, { after: "777" })),
    codeOf(queue.service.cancel(1).then(() => undefined)),
    codeOf(queue.enqueue("c")),
  ]);
  expect(results).toEqual([undefined, "JOB_NOT_FOUND", "JOB_NOT_FOUND", undefined]);
  expect((await queue.service.list()).items.map((job) => job.type)).toEqual(["c", "a"]);
});

test("a store that another process holds is waited for in tries of at most 100 ms with turns of the event loop between, and refused after a while", async () => {
  let elapsed = 0;
  const tries: (() => void)[] = [];
  const loop = {
    ...systemPorts.loop,
    elapsed: () => elapsed,
    after: (_: number, next: () => void) => tries.push(next),
  };
  const queue = await openQueue({ ports: { loop } });
  const connection = openStoreFile(queue.path, "process");
  expect(connection.pragma("busy_timeout", { simple: true })).toBeLessThanOrEqual(100);
  connection.close();
  const holder = new Sqlite(queue.path);
  holder.exec("BEGIN IMMEDIATE");
  const again = (ms: number): void => {
    elapsed += ms;
    tries.shift()?.();
  };
  const patient = queue.enqueue("x");
  await vi.waitFor(() => expect(tries).toHaveLength(1));
  // Each try that fails asks for one more, in another turn.
  for (let i = 0; i < 3; i++) {
    again(10);
    expect(tries).toHaveLength(1);
  }
  holder.exec("ROLLBACK");
  again(10);
  expect((await patient).number).toBe(1);

  holder.exec("BEGIN IMMEDIATE");
  const refused = codeOf(queue.enqueue("x"));
  await vi.waitFor(() => expect(tries).toHaveLength(1));
  again(BUSY_LIMIT_MS + 1);
  expect(await refused).toBe("STORE_BUSY");
  expect(tries).toEqual([]);
  holder.close();
});

test("options that make no sense are refused before anything is opened", async () => {
  const path = join(folder(), "never.db");
  const wrong: object[] = [
    { durability: "full" },
    { concurrency: 0 },
    { grace: Number.NaN },
    { maxBytes: -1 },
    { retention: { maxAge: Number.NaN } },
    { retention: { maxJobs: -5 } },
    { retention: { maxBytes: "2GB" } },
  ];
  for (const options of wrong) expect(await codeOf(openJobQueue({ path, ...options }))).toBe("INVALID_OPTION");
  expect(existsSync(path)).toBe(false);
});

test("an existing store opens while another process holds the write lock", async () => {
  const queue = await openQueue();
  await queue.enqueue("x");
  const holder = new Sqlite(queue.path);
  holder.exec("BEGIN IMMEDIATE");
  const other = await queue.again();
  expect((await other.service.list()).items).toHaveLength(1);
  holder.exec("ROLLBACK");
  holder.close();
});

// Bun has no hooks that tell what is loaded.
test.skipIf(process.versions.bun !== undefined)(
  "to import the package loads neither the driver nor the query builder nor zod; the first store does",
  async () => {
    const script = `
    import { registerHooks } from "node:module";
    const seen = [];
    registerHooks({ load: (url, context, next) => (seen.push(url), next(url, context)) });
    const { openJobQueue } = await import(${JSON.stringify(pathToFileURL(join(import.meta.dirname, "../src/index.ts")).href)});
    const heavy = () => ["better-sqlite3", "drizzle-orm", "/zod/"].filter((name) => seen.some((url) => url.includes(name)));
    const before = heavy();
    const queue = await openJobQueue({ path: ":memory:" });
    console.log(JSON.stringify([before, heavy()]));
    await queue.stop();
  `;
    const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "-e", script]);
    expect(JSON.parse(stdout)).toEqual([[], ["better-sqlite3", "drizzle-orm"]]);
  },
);

test("a process that only opened a store ends by itself; one that waits or works lives on", async () => {
  const index = JSON.stringify(pathToFileURL(join(import.meta.dirname, "../src/index.ts")).href);
  const run = async (script: string) => {
    const all = `import { openJobQueue } from ${index}; const queue = await openJobQueue({ path: ":memory:" }); ${script}`;
    return (await promisify(execFile)(process.execPath, ["--input-type=module", "-e", all])).stdout.trim();
  };
  expect(await run("console.log('opened')")).toBe("opened");
  const retried = `let tries = 0;
    queue.registerHandler("x", { process: () => { if (++tries < 2) throw new Error("no"); return "ran"; } }, { backoff: { delay: 50 } });
    await queue.start();
    console.log((await queue.wait((await queue.enqueue("x")).number)).result);
    await queue.stop();`;
  expect(await run(retried)).toBe("ran");
  expect(
    await run(
      "await queue.wait((await queue.enqueue('x')).number, { timeout: 50 }).catch((e) => console.log(e.code));",
    ),
  ).toBe("WAIT_TIMEOUT");
});

test("waits that are open when the queue stops are refused", async () => {
  const queue = await openQueue();
  const { number } = await queue.enqueue("nobody");
  const waiting = codeOf(queue.wait(number));
  await queue.stop();
  expect(await waiting).toBe("QUEUE_CLOSED");
});

test("whatever an attempt writes after its job was taken over, and after it was claimed again, changes nothing", () => {
  const db = new Sqlite(":memory:");
  migrate(db);
  const store = createTestStore(db, systemPorts.random);
  const commit = <T>(act: (commands: typeof store.commands) => T): T => {
    db.exec("BEGIN IMMEDIATE");
    store.tick.begin(1_000);
    const value = act(store.commands);
    store.settleBatches();
    store.conclude();
    db.exec("COMMIT");
    return value;
  };
  const join = () =>
    commit((c) => c.addWorker({ pid: 1, processStart: null, lock: "l", fingerprint: null, concurrency: 1 }));
  const types = [{ type: "x", limit: null, rate: null, maxAttempts: 3, interrupt: false }];
  const [first, second] = [join(), join()];
  commit((c) => c.enqueue([prepareJob({ type: "x", data: null }, undefined, 1_000, 1_000)]));
  const claim = (worker: number) =>
    commit((c) => c.claim({ worker, free: 1, empty: true, seek: "empty", types, shares: null })).jobs[0];
  const old = claim(first) as NonNullable<ReturnType<typeof claim>>;
  const late = () =>
    [
      commit((c) => c.settle({ ...old, outcome: { kind: "complete", result: '"late"' } })),
      commit((c) => c.progress({ id: old.id, fence: old.fence, progress: { current: 1 }, details: null })),
      commit((c) => c.log({ id: old.id, fence: old.fence, lines: [{ at: 1, stream: "note", text: "late" }] })),
      commit((c) => c.step({ id: old.id, fence: old.fence, name: "s", kind: "step", result: "1", reviews: 0 })),
      commit((c) => c.release({ id: old.id, fence: old.fence })),
      commit((c) => c.addToBatch({ id: old.id, members: [], held: old })) !== null,
    ] as const;
  commit((c) => c.takeOver({ worker: first, ended: false }));
  expect(late()).toEqual(Array.from({ length: 6 }, () => false));
  expect(claim(first)).toBeUndefined();
  const next = claim(second) as typeof old;
  expect(late()).toEqual(Array.from({ length: 6 }, () => false));
  expect(commit((c) => c.takeOver({ worker: first, ended: false }))).toEqual({ taken: 0 });
  expect(commit((c) => c.settle({ ...next, outcome: { kind: "complete", result: '"kept"' } }))).toBe(true);
  expect(store.queries.jobs({ ids: [old.id], limit: 1 })).toMatchObject([{ state: "completed", result: "kept" }]);
  expect(store.queries.lines(old.id, 0, 10)).toEqual([]);
});
