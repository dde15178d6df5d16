// Somebody reads in one long transaction while work goes on: SQLite's log cannot begin anew meanwhile, and grows.
import { statSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import { openCrew } from "./crew.ts";
import { sqlite } from "./figures.ts";
import { inspect } from "./inspect.ts";
import { type StormOptions, newSeed, stopwatch } from "./storm.ts";

const MEGABYTE = 2 ** 20;
/** What `journal_size_limit` leaves of a log that has grown, once it begins anew. */
const KEPT_BYTES = 64 * MEGABYTE;

export async function reader({ seconds = 40, seed = newSeed() }: StormOptions = {}) {
  const crew = openCrew(seed);
  const elapsed = stopwatch();
  const size = () => statSync(`${crew.path}-wal`).size;
  const commits = () => crew.members.reduce((sum, { done }) => sum + done, 0);
  try {
    for (let i = 0; i < 2; i++) crew.start("worker");
    for (let i = 0; i < 2; i++) crew.start("producer");
    await crew.until(() => crew.members.every(({ done }) => done > 100));
    const before = size();
    const db = new (sqlite())(crew.path, { readonly: true });
    db.exec("BEGIN");
    db.prepare("SELECT count(*) FROM bq_job").get();
    const from = commits();
    while (elapsed() < seconds) await pause(100);
    const grown = size();
    const during = commits() - from;
    db.exec("COMMIT");
    db.close();
    // The next checkpoint that gets to the end lets the log begin anew, and only then it is cut.
    const until = elapsed() + 20;
    while (size() > KEPT_BYTES && elapsed() < until) await pause(100);
    const after = size();
    await Promise.all(crew.members.filter((member) => member.role !== "worker").map(crew.end));
    const { counts: figures, wrong } = await inspect(crew.folder);
    await Promise.all([...crew.members].map(crew.end));
    const megabytes = (bytes: number) => Math.round((bytes / MEGABYTE) * 10) / 10;
    return {
      seed,
      seconds: elapsed(),
      ...figures,
      /** Jobs enqueued and begun while the reader read. */
      during,
      logMegabytes: { before: megabytes(before), during: megabytes(grown), after: megabytes(after) },
      wrong: { ...wrong, logNotCut: after > KEPT_BYTES ? 1 : 0 },
    };
  } finally {
    crew.dispose();
  }
}
