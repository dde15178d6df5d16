import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A mistake that somebody could make, as a change of the source. */
export interface Plant {
  readonly name: string;
  readonly file: string;
  readonly from: string;
  readonly to: string;
}

/** Each must be found within a minute: that is what shows that the simulation finds such mistakes. */
export const PLANTS: readonly Plant[] = [
  {
    name: "a late result is taken although its attempt was lost",
    file: "store/settle.ts",
    from: `"SELECT id, state, run, run_at, batch, control, attempt FROM bq_job WHERE id = ? AND fence = ? AND state = 1",
  );
  const end = db.prepare(
    "UPDATE bq_job SET state = ?, reason = ?, ended_at = ?, worker = NULL, control = 0 WHERE id = ? AND fence = ? AND state = 1",`,
    to: `"SELECT id, state, run, run_at, batch, control, attempt FROM bq_job WHERE id = ? AND ? > 0 AND state = 1",
  );
  const end = db.prepare(
    "UPDATE bq_job SET state = ?, reason = ?, ended_at = ?, worker = NULL, control = 0 WHERE id = ? AND ? > 0 AND state = 1",`,
  },
  {
    name: "a dead worker's jobs are taken without marking it dead",
    file: "store/takeover.ts",
    from: `if (markWorker.run("dead", tick.now, worker).changes === 0) return { taken: 0 };`,
    to: "",
  },
  {
    name: "a promise resolves before its commit",
    file: "engine.ts",
    from: `      this.#ports.point("before-commit");`,
    to: `      for (const [i, item] of group.entries()) item.done(results[i] as Result<unknown>);
      this.#ports.point("before-commit");`,
  },
  {
    name: "tries are counted at the end of an attempt",
    file: "store/claim.ts",
    from: "fence = fence + 1, attempt = attempt + 1, started_at",
    to: "fence = fence + 1, started_at",
  },
  {
    name: "a transaction takes the write lock late",
    file: "engine.ts",
    from: `"BEGIN IMMEDIATE"`,
    to: `"BEGIN"`,
  },
  {
    name: "a job goes on when the first of its dependencies has completed",
    file: "store/ending.ts",
    from: " || unmetDep.get(id) !== undefined",
    to: "",
  },
  {
    name: "a batch ends before its last job",
    file: "store/batch.ts",
    from: "now.total !== now.completed + now.failed + now.cancelled",
    to: "now.total > now.completed + now.failed + now.cancelled + 1",
  },
  {
    name: "a request is decided twice",
    file: "store/control.ts",
    from: "if (row.state !== REQUEST_OPEN || (row.expires_at",
    to: "if ((row.expires_at",
  },
  {
    name: "dedup overlooks delayed jobs",
    file: "store/enqueue.ts",
    from: "j.dkey IS NOT NULL AND j.state < 5 ORDER BY j.id",
    to: "j.dkey IS NOT NULL AND j.state < 5 AND j.state <> 2 ORDER BY j.id",
  },
  {
    name: "a cancel is forgotten when the worker dies",
    file: "store/takeover.ts",
    from: `          if (row.control !== CONTROL_NONE) {
            ending.endRow`,
    to: `          if (row.control === -1) {
            ending.endRow`,
  },
  {
    name: "the journal's numbers are handed out outside of the transaction",
    file: "store/tick.ts",
    from: "      seq = undefined;\n    },",
    to: "    },",
  },
  {
    name: "a retry keeps the result of the run before",
    file: "store/rerun.ts",
    from: "    dropResult.run(id);\n",
    to: "",
  },
  {
    name: "an open batch closes before its planning jobs have ended",
    file: "store/batch.ts",
    from: "planner.get(id) === 0",
    to: "planner.get(id) !== undefined",
  },
  {
    name: "a worker counts as dead when it was not seen for five seconds of the wall clock",
    file: "membership.ts",
    from: "isHeld(storePath, peer.lock)) continue;",
    to: "ports.clock.now() - peer.seenAt < 5_000) continue;",
  },
  {
    name: "a try that was cut off by a crash counts",
    file: "store/takeover.ts",
    from: "control = 0, attempt = attempt - 1, crashes",
    to: "control = 0, crashes",
  },
];

/** A copy of the package's source with the mistake in it. Remove it with `remove`. */
export function plant(source: string, { name, file, from, to }: Plant): { entry: string; remove: () => void } {
  const folder = mkdtempSync(join(tmpdir(), "brains-planted-"));
  const copy = join(folder, "job-queue");
  mkdirSync(copy);
  cpSync(source, join(copy, "src"), { recursive: true });
  writeFileSync(join(copy, "package.json"), '{ "type": "module" }');
  symlinkSync(join(source, "../node_modules"), join(copy, "node_modules"));
  const path = join(copy, "src", file);
  const text = readFileSync(path, "utf8");
  if (text.split(from).length !== 2)
    throw new Error(`"${name}" does not fit ${file} any more: mend the list of planted mistakes.`);
  writeFileSync(
    path,
    text.replace(from, () => to),
  );
  return { entry: join(copy, "src/index.ts"), remove: () => rmSync(folder, { recursive: true, force: true }) };
}
