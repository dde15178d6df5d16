import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, onTestFinished, test } from "vitest";
import { DEFAULT_BACKOFF } from "../src/backoff.ts";
import { QUEUE_ERRORS } from "../src/errors.ts";
import { JOB_STATES, TRANSITIONS } from "../src/job.ts";
import {
  DEFAULT_CONCURRENCY,
  DEFAULT_GRACE_MS,
  DEFAULT_MAX_ATTEMPTS,
  DEFAULT_MAX_BYTES,
  DETAILS_BYTES,
  INPUT_PENDING,
  INPUT_PENDING_PIECES,
  INPUT_PIECE,
  LOG_ATTEMPT,
  LOG_LINES,
  LOG_PIECE,
  MAX_CRASHES,
  SHORT_TEXT,
} from "../src/limits.ts";
import { DEFAULT_RETENTION } from "../src/queue.ts";

const root = join(import.meta.dirname, "..");
const readme = readFileSync(join(root, "README.md"), "utf8");
const source = readFileSync(join(root, "src/options.ts"), "utf8");

/** Rows of the table after a line: the cells of each. */
function tableAfter(line: string): string[][] {
  const rest = readme.slice(readme.indexOf(line) + line.length).split("\n");
  const start = rest.findIndex((each) => each.startsWith("|"));
  const rows: string[][] = [];
  for (const each of rest.slice(start + 2)) {
    if (!each.startsWith("|")) break;
    rows.push(
      each
        .split("|")
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );
  }
  return rows;
}

function propertiesOf(name: string): string[] {
  const body = source.slice(source.indexOf(`export interface ${name}`)).split("\n}")[0] ?? "";
  return [...body.matchAll(/^ {2}readonly (\w+)\??:/gm)].map((match) => match[1] as string);
}

const spaced = (n: number) => String(n).replaceAll(/\B(?=(\d{3})+$)/g, " ");
const names = (rows: readonly string[][]) =>
  rows.flatMap(([name = ""]) => [...name.matchAll(/`(\w+)`/g)].map((match) => match[1] as string));

test("the first example runs as it stands and prints what the page says", async () => {
  const folder = mkdtempSync(join(tmpdir(), "readme-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  mkdirSync(join(folder, "node_modules/@brains"), { recursive: true });
  symlinkSync(root, join(folder, "node_modules/@brains/job-queue"));
  const [, example = ""] = /```ts\n([\s\S]*?)```/.exec(readme) ?? [];
  writeFileSync(join(folder, "first.mts"), example);
  const { stdout } = await promisify(execFile)(process.execPath, ["first.mts"], { cwd: folder });
  const [, promised] = /It prints `(.+?)`\./.exec(readme) ?? [];
  expect(onOneLine(stdout)).toBe(promised);
});

/** Runtimes break and quote what they print in ways of their own. */
function onOneLine(printed: string): string {
  return printed
    .trim()
    .replaceAll(/\s+/g, " ")
    .replaceAll('"', "'")
    .replaceAll(/,(?= [}\]])/g, "");
}

test("the example of an own transaction runs as it stands", async () => {
  const folder = mkdtempSync(join(tmpdir(), "readme-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  mkdirSync(join(folder, "node_modules/@brains"), { recursive: true });
  symlinkSync(root, join(folder, "node_modules/@brains/job-queue"));
  symlinkSync(join(root, "node_modules/better-sqlite3"), join(folder, "node_modules/better-sqlite3"));
  const [, example = ""] = /```ts\n\/\/ shop\.mts\n([\s\S]*?)```/.exec(readme) ?? [];
  writeFileSync(join(folder, "shop.mts"), example);
  const { stdout } = await promisify(execFile)(process.execPath, ["shop.mts"], { cwd: folder });
  expect(stdout.trim()).toBe("shipped order 1");
});

test("the state diagram is the table of transitions", () => {
  const drawn = [...readme.matchAll(/^ {2}(\w+) --> (\w+): (\w+)$/gm)].map((match) => match.slice(1, 4).join(" "));
  const table = JOB_STATES.flatMap((from) =>
    Object.entries(TRANSITIONS[from]).map(([transition, to]) => `${from} ${to} ${transition}`),
  );
  expect(new Set(drawn)).toEqual(new Set(table));
  expect(drawn).toHaveLength(table.length);
});

test("the tables of options name every option", () => {
  expect(names(tableAfter("Of `openJobQueue`:"))).toEqual(propertiesOf("QueueOptions"));
  expect(names(tableAfter("Of a type, with its handler:"))).toEqual(propertiesOf("HandlerOptions"));
  const own = ["maxAttempts", "maxRetries", "backoff", "timeout"];
  expect(new Set([...names(tableAfter("may give its own")), ...own])).toEqual(new Set(propertiesOf("EnqueueOptions")));
});

test("defaults and limits on the page are those of the code", () => {
  const defaults = new Map(
    [...tableAfter("Of `openJobQueue`:"), ...tableAfter("Of a type, with its handler:")].map(
      ([name = "", value = ""]) => [name, value],
    ),
  );
  expect(tableAfter("Of `openJobQueue`:").find(([name]) => name === "`concurrency`")?.[1]).toBe(
    String(DEFAULT_CONCURRENCY),
  );
  expect(defaults.get("`grace`")).toBe(`${spaced(DEFAULT_GRACE_MS)} ms`);
  expect(defaults.get("`maxBytes`")).toBe(spaced(DEFAULT_MAX_BYTES));
  expect(defaults.get("`maxAttempts`")).toBe(String(DEFAULT_MAX_ATTEMPTS));
  const { maxAge, maxJobs, maxBytes } = DEFAULT_RETENTION;
  expect(defaults.get("`retention`")).toBe(
    `${maxAge / 86_400_000} days, ${spaced(maxJobs)} jobs, ${spaced(maxBytes)} bytes`,
  );
  const { delay, factor, max, jitter } = DEFAULT_BACKOFF;
  expect(defaults.get("`backoff`")).toBe(`\`{ delay: ${delay}, factor: ${factor}, max: ${max}, jitter: ${jitter} }\``);
  const words = readme.replaceAll(/\s+/g, " ");
  expect(words).toContain(`progress over ${DETAILS_BYTES / 1024} KiB`);
  expect(words).toContain(`longer than ${LOG_PIECE / 1024} Ki characters`);
  expect(words).toContain(`after ${LOG_ATTEMPT / 1024 ** 2} Mi characters`);
  expect(words).toContain(`after ${spaced(LOG_LINES)} lines`);
  expect(words).toContain(`at most ${spaced(INPUT_PIECE)} characters`);
  expect(words).toContain(`may be ${spaced(INPUT_PENDING)} in ${spaced(INPUT_PENDING_PIECES)} pieces`);
  expect(words).toContain(`died under it ${MAX_CRASHES} times`);
  expect(words).toContain(`up to ${spaced(SHORT_TEXT)} characters`);
});

test("every error says what happened, then what to do", () => {
  const short = Object.entries(QUEUE_ERRORS).filter(([, text]) => text.split(/[.;] /).length < 2);
  expect(short.map(([code]) => code)).toEqual([]);
});

test("the table of errors is the one of the code", () => {
  expect(tableAfter("## Errors").map(([code = "", meaning = ""]) => [code.replaceAll("`", ""), meaning])).toEqual(
    Object.entries(QUEUE_ERRORS),
  );
});
