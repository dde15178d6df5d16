import {
  chmodSync,
  closeSync,
  linkSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { type Finding, diagnose, salvage } from "../src/doctor/index.ts";
import { kindFinding } from "../src/doctor/place.ts";
import { openJobQueue } from "../src/queue.ts";
import { type Database, openFile } from "../src/sqlite.ts";
import { openTestQueue } from "../src/testing/index.ts";
import { openQueue } from "./kit.ts";

const PAGE = 4096;
const NOW = Date.UTC(2026, 0, 1, 0, 30);

function folder(): string {
  const made = mkdtempSync(join(tmpdir(), "doctor-"));
  onTestFinished(() => rmSync(made, { recursive: true, force: true }));
  return made;
}

const LONG = "x".repeat(2_000);

/** A store of ended and waiting jobs, closed. */
async function store(jobs = 60): Promise<string> {
  const path = join(folder(), "queue.db");
  const queue = await openTestQueue({ path });
  queue.registerHandler("t:echo", { process: (data) => data });
  await queue.start();
  await queue.enqueueBatch(Array.from({ length: jobs }, (_, n) => ({ type: "t:echo", data: { n, text: LONG } })));
  await queue.drain();
  for (let n = 0; n < jobs; n++) await queue.enqueue("t:later", { n, later: LONG });
  await queue.kv.set("notes", "a", 1);
  await queue.stop();
  return path;
}

function change(path: string, edit: (db: Database) => void): void {
  const db = openFile(path);
  edit(db);
  db.close();
}

/** Writes over the file as a failing disk would. */
function overwrite(path: string, at: number, bytes: Buffer): void {
  const file = openSync(path, "r+");
  writeSync(file, bytes, 0, bytes.length, at);
  closeSync(file);
}

const found = (findings: readonly Finding[], check: string): Finding | undefined =>
  findings.find((each) => each.check === check && each.level !== "ok") ?? findings.find((each) => each.check === check);

test("a store in order has no findings but good ones, and looking changes nothing", async () => {
  const path = await store();
  const before = readFileSync(path);
  const { healthy, findings } = diagnose(path, { now: NOW, hasHandler: () => true });
  expect(findings.filter(({ level }) => level !== "ok")).toEqual([]);
  expect(healthy).toBe(true);
  const looks =
    "runtime, permissions, file system, disk space, WAL, SQLite, schema, integrity, consistency, payloads, workers, ";
  expect(findings.map(({ check }) => check).join(", ")).toBe(
    `${looks}waiting work, handlers, batches, requests, clock`,
  );
  expect(readFileSync(path).equals(before)).toBe(true);
});

test("a store that others work on is looked at without harm to them", async () => {
  const queue = await openQueue();
  queue.registerHandler("t:echo", { process: (data) => data });
  await queue.start();
  const { jobId } = await queue.enqueue("t:echo", 1);
  expect(diagnose(queue.path, { now: NOW }).healthy).toBe(true);
  await queue.drain();
  expect((await queue.service.getStatus(jobId))?.state).toBe("completed");
});

test.each<[string, string, "warn" | "error", RegExp, (path: string) => void]>([
  [
    "a folder and file that others may read",
    "permissions",
    "warn",
    /mode 644/,
    (path) => {
      chmodSync(path, 0o644);
      chmodSync(dirname(path), 0o755);
    },
  ],
  ["a second name of the file", "permissions", "error", /hard links/, (path) => linkSync(path, `${path}.also`)],
  [
    "a magic word that is not SQLite's",
    "file",
    "error",
    /not a database/,
    (path) => overwrite(path, 0, Buffer.from("garbage")),
  ],
  ["a file that was cut", "file", "error", /malformed/, (path) => truncateSync(path, 20 * PAGE)],
  ["an empty file", "schema", "error", /no queue has used/, (path) => writeFileSync(path, "")],
  [
    "a newer schema",
    "schema",
    "error",
    /newer version/,
    (path) => change(path, (db) => db.exec("UPDATE bq_meta SET value = 99 WHERE key = 'schema'")),
  ],
  [
    "jobs that lost their input",
    "consistency",
    "error",
    /1 jobs without their input/,
    (path) => change(path, (db) => db.exec("DELETE FROM bq_body WHERE id = 5")),
  ],
  [
    "a worker that died with a job",
    "workers",
    "warn",
    /process 4711 died with 1 job/,
    (path) =>
      change(path, (db) => {
        db.exec(`INSERT INTO bq_worker (id, pid, state, lock, concurrency, started_at, seen_at) VALUES (900, 4711, 'running', 'worker-900', 1, 0, 0);
      UPDATE bq_job SET state = 1, worker = 900 WHERE id = 65`);
      }),
  ],
  [
    "a batch without anybody to end it",
    "batches",
    "warn",
    /nothing will end: #1 \(open\)/,
    (path) => change(path, (db) => db.exec("UPDATE bq_batch SET state = 0, open = 1 WHERE id = 1")),
  ],
  [
    "a question that expired unnoticed",
    "requests",
    "warn",
    /#7000/,
    (path) =>
      change(path, (db) => {
        db.exec(`INSERT INTO bq_request (id, secret, job, run, name, question, choices, on_reject, state, created_at, expires_at)
      VALUES (7000, 's', 65, 1, 'r', 'q', '[]', 'fail', 0, 0, 1)`);
      }),
  ],
  [
    "a clock that was set back",
    "clock",
    "warn",
    /set back/,
    (path) => change(path, (db) => db.exec(`UPDATE bq_event SET at = ${NOW + 3_600_000 * 24}`)),
  ],
])("%s is found, with what to do", async (_, check, level, message, harm) => {
  const path = await store();
  harm(path);
  const { findings, healthy } = diagnose(path, { now: NOW });
  expect(found(findings, check)).toMatchObject({ level, message: expect.stringMatching(message) as string });
  expect(findings.filter((each) => each.level !== "ok").every(({ next }) => next !== undefined)).toBe(true);
  expect(healthy).toBe(level !== "error");
});

test.each([
  [0x6969, "error", /NFS is a network file system/],
  // As Node gives it on some machines: a signed number.
  [0xfe534d42 | 0, "error", /SMB 2/],
  [0x65735546, "warn", /FUSE/],
  [0xef53, "ok", /local/],
] as const)("a file system of type %i is told as %s", (type, level, message) => {
  expect(kindFinding(type)).toMatchObject({ level, message: expect.stringMatching(message) as string });
});

test("a store of an older version is told to be one, and salvaged into the present one", async () => {
  const path = await store(10);
  const old = "DROP TABLE bq_pause; DROP TABLE bq_schedule; UPDATE bq_meta SET value = 1 WHERE key = 'schema'";
  change(path, (db) => db.exec(old));
  const { findings, healthy } = diagnose(path, { now: NOW });
  expect(findings.filter(({ level }) => level !== "ok").map(({ check }) => check)).toEqual(["schema"]);
  expect(healthy).toBe(true);
  const report = salvage(path, `${path}.new`);
  expect(report).toMatchObject({ jobs: 20, lost: [], unreadable: {} });
  expect(diagnose(report.path, { now: NOW }).findings.filter(({ level }) => level !== "ok")).toEqual([]);
});

test("a store that is not there yet is no error, and none is made", () => {
  const path = join(folder(), "queue.db");
  const { findings, healthy } = diagnose(path);
  expect(found(findings, "file")).toMatchObject({ level: "warn", message: `there is no ${path} yet` });
  expect(healthy).toBe(true);
  expect(() => statSync(path)).toThrow();
});

test("waiting jobs without a handler are named, and those that waited for hours", async () => {
  const path = await store(3);
  const { findings } = diagnose(path, { now: NOW + 7_200_000, hasHandler: (type) => type !== "t:later" });
  expect(found(findings, "handlers")).toMatchObject({
    level: "warn",
    message: "waiting jobs without a handler: t:later (3)",
  });
  expect(found(findings, "waiting work")).toMatchObject({ level: "warn", next: "Start a worker." });
});

test("a bit that flipped in a payload is found by its checksum, though the structure is whole; the job fails as invalid_data", async () => {
  const path = await store();
  const file = readFileSync(path);
  const at = file.indexOf('{"n":7,"later"') + 200;
  overwrite(path, at, Buffer.from([(file[at] as number) ^ 1]));
  const { findings } = diagnose(path, { now: NOW });
  expect(found(findings, "integrity")?.level).toBe("ok");
  expect(found(findings, "payloads")).toMatchObject({ level: "error", message: "not what was stored: input of #69" });

  const queue = await openTestQueue({ path });
  onTestFinished(() => queue.dispose());
  const ran: number[] = [];
  queue.registerHandler("t:later", { process: (data) => void ran.push((data as { n: number }).n) });
  await queue.start();
  await queue.drain();
  expect(await queue.service.getStatus(69)).toMatchObject({ state: "failed", reason: "invalid_data", attempt: 1 });
  expect(ran).toHaveLength(59);
  expect(ran).not.toContain(7);
});

test("input that is no JSON any more is listed and does not keep the list of jobs from being shown", async () => {
  const path = await store(5);
  change(path, (db) => db.exec("UPDATE bq_body SET data = '{\"n\":', sum = NULL WHERE id = 3"));
  expect(found(diagnose(path, { now: NOW }).findings, "payloads")?.message).toContain("input of #3");
  const queue = await openTestQueue({ path });
  onTestFinished(() => queue.dispose());
  expect((await queue.service.list({ limit: 100 })).items).toHaveLength(10);
  expect((await queue.service.getStatus(3))?.data).toBeUndefined();
});

/** Opens what was salvaged, and runs everything that waits in it. */
async function runAll(path: string) {
  const queue = await openJobQueue({ path });
  onTestFinished(() => queue.stop());
  const ran: number[] = [];
  for (const type of ["t:echo", "t:later"])
    queue.registerHandler(type, { process: (data) => void ran.push((data as { n: number }).n) });
  await queue.start();
  await expect
    .poll(async () => (await queue.stats()).ready + (await queue.stats()).processing, { timeout: 15_000 })
    .toBe(0);
  return { queue, ran };
}

test("what lies around damaged pages is salvaged: numbers, ids, states, and the waiting jobs run", async () => {
  const path = await store(300);
  const pages = statSync(path).size / PAGE;
  // Every fortieth page is gone; the schema's own page stays.
  for (let page = 20; page < pages; page += 40) overwrite(path, page * PAGE, Buffer.alloc(PAGE, 0xff));
  const damaged = readFileSync(path);
  expect(diagnose(path, { now: NOW }).healthy).toBe(false);
  const to = `${path}.new`;
  const report = salvage(path, to);
  expect(readFileSync(path).equals(damaged)).toBe(true);
  expect(report.jobs + report.lost.length).toBeLessThanOrEqual(600);
  expect(report.jobs).toBeGreaterThan(450);
  expect(Object.keys(report.unreadable).length).toBeGreaterThan(0);
  expect(statSync(to).mode & 0o777).toBe(0o600);
  expect(diagnose(to, { now: NOW }).findings.filter(({ level }) => level === "error")).toEqual([]);

  const { queue, ran } = await runAll(to);
  expect(ran.length).toBeGreaterThan(150);
  expect(new Set(ran).size).toBe(ran.length);
  const next = await queue.enqueue("t:later", { n: -1 });
  expect(next.number).toBeGreaterThan(601);
});

test.each<[string, (path: string) => void]>([
  ["its first bytes", (path) => overwrite(path, 0, Buffer.alloc(16))],
  ["its end", (path) => truncateSync(path, statSync(path).size - 10 * PAGE)],
])("a store that lost %s is salvaged", async (_, harm) => {
  const path = await store(100);
  harm(path);
  const report = salvage(path, `${path}.new`);
  expect(report.jobs).toBeGreaterThan(120);
  expect((await runAll(report.path)).ran.length).toBeGreaterThan(0);
});

test("a whole store is salvaged without a loss, and a job that ran starts anew", async () => {
  const path = await store(40);
  change(path, (db) => db.exec("UPDATE bq_job SET state = 1, worker = 77 WHERE id = 60"));
  const report = salvage(path, `${path}.new`);
  expect(report).toMatchObject({ jobs: 80, batches: 1, lost: [], requeued: 1, damaged: [], unreadable: {} });
  const { queue, ran } = await runAll(report.path);
  expect(ran).toHaveLength(40);
  expect(await queue.kv.get("notes", "a")).toBe(1);
  expect((await queue.batches.list()).items[0]).toMatchObject({ status: "completed", completedOperations: 40 });
});

test("what waited for a job that was lost ends as cancelled, and a batch whose last members were lost ends", async () => {
  const path = join(folder(), "queue.db");
  const queue = await openTestQueue({ path });
  const first = await queue.enqueue("t:later", { n: 1 });
  const second = await queue.enqueue("t:later", { n: 2 }, { after: first.jobId });
  const third = await queue.enqueue("t:later", { n: 3 }, { after: second.jobId });
  const batch = await queue.enqueueBatch([{ type: "t:later", data: { n: 4 } }]);
  await queue.stop();
  change(path, (db) =>
    db.exec(`DELETE FROM bq_body WHERE id IN (${first.number}, (SELECT id FROM bq_job WHERE batch = ${batch.number}))`),
  );
  const report = salvage(path, `${path}.new`);
  expect(report.lost).toHaveLength(2);
  const again = await openTestQueue({ path: report.path });
  onTestFinished(() => again.dispose());
  for (const each of [second, third])
    expect(await again.service.getStatus(each.jobId)).toMatchObject({ state: "cancelled", reason: "dependency" });
  expect((await again.batches.getBatchStatus(batch.batchId))?.status).not.toBe("processing");
  expect((await again.batches.list({ active: true })).items).toEqual([]);
});

test("salvage overwrites nothing, touches nothing that others work on, and says when nothing can be read", async () => {
  const path = await store(3);
  expect(() => salvage(path, path)).toThrow(/is there already/);
  const queue = await openQueue();
  await queue.start();
  expect(() => salvage(queue.path, `${queue.path}.new`)).toThrow(/Processes work on/);
  const noise = join(folder(), "noise.db");
  writeFileSync(noise, Buffer.alloc(40 * PAGE, 7));
  expect(() => salvage(noise, `${noise}.new`)).toThrow();
  expect(() => statSync(`${noise}.new`)).toThrow();
});
