// `npm run conformance`: the protocol's official suite against the real shell and queue. The last line counts scenarios and checks.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { serveFixtures } from "./server.ts";
import { installSuite, runSuite, type ScenarioRun } from "./suite.ts";

const REVISIONS = ["2026-07-28", "2025-11-25"];
const print = (line: string): void => void process.stdout.write(`${line}\n`);

print(`suite ${await installSuite()}`);
const results = await mkdtemp(join(tmpdir(), "brains-conformance-results-"));
const server = await serveFixtures();
const runs: ScenarioRun[] = [];
try {
  for (const revision of REVISIONS) {
    for (const one of await runSuite(server.url, revision, join(results, revision))) {
      runs.push(one);
      print(`${one.failed.length === 0 ? "ok    " : "FAILED"} ${revision} ${one.name}: ${one.passed} checks`);
      for (const { id, errorMessage } of one.failed) print(`         failed: ${id}: ${errorMessage ?? ""}`);
      for (const { id, errorMessage } of one.warnings) print(`         warning: ${id}: ${errorMessage ?? ""}`);
    }
  }
} finally {
  await server.close();
  await rm(results, { recursive: true, force: true });
}
const sum = (count: (one: ScenarioRun) => number): number => runs.reduce((all, one) => all + count(one), 0);
const bad = sum(({ failed }) => Math.min(1, failed.length));
const good = sum(({ failed, passed }) => (failed.length === 0 && passed > 0 ? 1 : 0));
print(
  `scenarios: ${good} passed, ${bad} failed, ${runs.length - good - bad} without a check; ` +
    `checks: ${sum(({ passed }) => passed)} passed, ` +
    `${sum(({ failed }) => failed.length)} failed, ${sum(({ warnings }) => warnings.length)} warnings`,
);
process.exitCode = bad === 0 ? 0 : 1;
