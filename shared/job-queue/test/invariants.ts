import type BetterSqlite3 from "better-sqlite3";

/** Each finds rows that must not exist at any moment between two transactions. */
const FORBIDDEN: Readonly<Record<string, string>> = {
  "a batch's counts differ from its jobs": `
    SELECT b.id FROM bq_batch b LEFT JOIN bq_job j ON j.batch = b.id GROUP BY b.id HAVING
      b.total <> count(j.id) OR b.processing <> coalesce(sum(j.state = 1), 0) OR b.completed <> coalesce(sum(j.state = 5), 0)
      OR b.failed <> coalesce(sum(j.state = 6), 0) OR b.cancelled <> coalesce(sum(j.state = 7), 0)
      OR b.planners <> coalesce(sum((j.flags & 1) AND j.state NOT IN (6, 7)), 0) OR b.planned <> coalesce(sum((j.flags & 1) AND j.state = 5), 0)`,
  "a closed batch is active although its jobs have ended":
    "SELECT id FROM bq_batch WHERE state < 5 AND open = 0 AND total = completed + failed + cancelled",
  "a batch has ended although a job of it has not":
    "SELECT b.id FROM bq_batch b JOIN bq_job j ON j.batch = b.id WHERE b.state >= 5 AND j.state < 5",
  "a run ended twice":
    "SELECT kind || '/' || id || '/' || run FROM bq_event WHERE change = 'ended' GROUP BY kind, id, run HAVING count(*) > 1",
  "an ended run has no end in the journal":
    "SELECT id FROM bq_job j WHERE state >= 5 AND NOT EXISTS (SELECT 1 FROM bq_event e WHERE e.kind = 0 AND e.id = j.id AND e.run = j.run AND e.change = 'ended')",
  "an active run has an end in the journal":
    "SELECT id FROM bq_job j WHERE state < 5 AND EXISTS (SELECT 1 FROM bq_event e WHERE e.kind = 0 AND e.id = j.id AND e.run = j.run AND e.change = 'ended')",
  "something happened to a run after its end":
    "SELECT e.id FROM bq_event e JOIN bq_event f ON f.kind = e.kind AND f.id = e.id AND f.run = e.run AND f.change = 'ended' AND f.seq < e.seq AND e.kind = 0",
  "a blocked job has no open dependency":
    "SELECT id FROM bq_job j WHERE state = 4 AND NOT EXISTS (SELECT 1 FROM bq_dep d WHERE d.job = j.id AND d.done = 0)",
  "a blocked job waits for something that has ended or is gone": `
    SELECT j.id FROM bq_job j JOIN bq_dep d ON d.job = j.id AND d.done = 0 WHERE j.state = 4
      AND NOT EXISTS (SELECT 1 FROM bq_job o WHERE o.id = d.on_id AND o.state < 5) AND NOT EXISTS (SELECT 1 FROM bq_batch o WHERE o.id = d.on_id AND o.state < 5)`,
  "a job may run although a dependency is open or did not complete":
    "SELECT j.id FROM bq_job j JOIN bq_dep d ON d.job = j.id AND (d.done = 0 OR (d.done = 2 AND d.mode = 0)) WHERE j.state IN (0, 1, 2, 3)",
  "a waiting job has not exactly one open request":
    "SELECT id FROM bq_job j WHERE state = 3 AND (SELECT count(*) FROM bq_request r WHERE r.job = j.id AND r.run = j.run AND r.state = 0) <> 1",
  "a request is open although its job does not wait":
    "SELECT r.id FROM bq_request r LEFT JOIN bq_job j ON j.id = r.job AND j.run = r.run WHERE r.state = 0 AND j.state IS NOT 3",
  "a job runs without a worker": `
    SELECT j.id FROM bq_job j LEFT JOIN bq_worker w ON w.id = j.worker AND w.ended_at IS NULL WHERE j.state = 1 AND w.id IS NULL`,
  "a job that does not run has a worker": "SELECT id FROM bq_job WHERE state <> 1 AND worker IS NOT NULL",
  "a run has the result of another run":
    "SELECT j.id FROM bq_job j JOIN bq_result r ON r.id = j.id WHERE j.state = 5 AND json_extract(r.result, '$.run') <> j.run",
  "more tries than allowed": "SELECT id FROM bq_job WHERE attempt > max_attempts OR attempt < 0",
  "two jobs of one key run at once":
    "SELECT dkey FROM bq_job WHERE state = 1 AND dkey IS NOT NULL GROUP BY lane, dkey HAVING count(*) > 1",
  "more jobs of a type run than its concurrency": "SELECT count(*) FROM bq_job WHERE state = 1 HAVING count(*) > 4",
  "an event is from the future of the journal":
    "SELECT seq FROM bq_event WHERE seq > (SELECT value FROM bq_meta WHERE key = 'seq')",
  "input of a run that is over": "SELECT i.job FROM bq_input i JOIN bq_job j ON j.id = i.job WHERE i.run <> j.run",
  "a part of a job that is gone": `
    SELECT 'body ' || id FROM bq_body WHERE id NOT IN (SELECT id FROM bq_job) UNION ALL SELECT 'step ' || job FROM bq_step WHERE job NOT IN (SELECT id FROM bq_job)
    UNION ALL SELECT 'dep ' || job FROM bq_dep WHERE job NOT IN (SELECT id FROM bq_job) UNION ALL SELECT 'request ' || job FROM bq_request WHERE job NOT IN (SELECT id FROM bq_job)
    UNION ALL SELECT 'input ' || job FROM bq_input WHERE job NOT IN (SELECT id FROM bq_job)`,
};

const prepared = new WeakMap<BetterSqlite3.Database, (readonly [what: string, forbidden: BetterSqlite3.Statement])[]>();

export function violations(db: BetterSqlite3.Database): string[] {
  const all =
    prepared.get(db) ?? Object.entries(FORBIDDEN).map(([what, sql]) => [what, db.prepare(sql).pluck()] as const);
  prepared.set(db, all);
  return all.flatMap(([what, statement]) => {
    const rows = statement.all();
    return rows.length === 0 ? [] : [`${what}: ${rows.slice(0, 5).join(", ")}`];
  });
}
