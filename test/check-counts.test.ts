import { expect, test } from "vitest";
import { countTests, summary } from "../scripts/check-counts.ts";

const report = (passed: number, failed: number, ...files: { status: string; tests: string[] }[]) =>
  JSON.stringify({
    numPassedTests: passed,
    numFailedTests: failed,
    testResults: files.map(({ status, tests }) => ({ status, assertionResults: tests.map((it) => ({ status: it })) })),
  });

test("tests are counted one by one", () => {
  expect(countTests(report(12, 2, { status: "failed", tests: ["failed", "failed"] }), 1)).toEqual({
    passed: 12,
    failed: 2,
  });
});

test("a file that did not load is a failure", () => {
  expect(countTests(report(12, 0, { status: "failed", tests: [] }), 1)).toEqual({ passed: 12, failed: 1 });
});

test("an error outside of any test is a failure", () => {
  expect(countTests(report(12, 0, { status: "passed", tests: ["passed"] }), 1)).toEqual({ passed: 12, failed: 1 });
});

test("a test run without a report is a failure", () => {
  expect(countTests(undefined, 0)).toEqual({ passed: 0, failed: 1 });
});

test("the closing line adds up all steps", () => {
  expect(
    summary([
      { passed: 1, failed: 0 },
      { passed: 0, failed: 1 },
      { passed: 5, failed: 2 },
    ]),
  ).toEqual({ passed: 6, failed: 3 });
});
