import { expect, test } from "vitest";
import { EXIT_CODES, exitCodeOf, exitCodeOfError, worstExitCode, type ExitCode } from "../src/exit-codes.ts";
import { exitCodeLines } from "../src/render/help.ts";
import { plain } from "./data.ts";

test.each<[string, string | undefined, ExitCode]>([
  ["completed", undefined, 0],
  ["failed", "error", 1],
  ["failed", "crashed", 1],
  ["failed", "invalid_data", 1],
  ["failed", undefined, 1],
  ["cancelled", "user", 4],
  ["cancelled", "dependency", 4],
  ["waiting_approval", undefined, 5],
  ["failed", "rejected", 6],
  ["failed", "timeout", 7],
  ["failed", "stalled", 7],
  ["failed", "approval_timeout", 7],
  ["failed", "interrupted", 8],
])("work that is %s (%s) ends the command with %i", (state, reason, code) => {
  expect(exitCodeOf({ state, reason })).toBe(code);
});

test.each<[string, ExitCode]>([
  ["JOB_NOT_FOUND", 3],
  ["NOT_FOUND", 3],
  ["TOOL_NOT_FOUND", 3],
  ["INVALID_INPUT", 2],
  ["USAGE", 2],
  ["STORE_UNREADABLE", 9],
  ["STORE_TOO_NEW", 9],
  ["STORE_FULL", 9],
  ["HOME_UNUSABLE", 9],
  ["NEEDS_TERMINAL", 5],
  ["ANYTHING_ELSE", 1],
])("the error %s ends the command with %i", (code, exit) => {
  expect(exitCodeOfError(code)).toBe(exit);
});

test("of several jobs the first of 9 1 8 7 6 4 5 decides", () => {
  const order: ExitCode[] = [9, 1, 8, 7, 6, 4, 5];
  for (const [index, code] of order.entries()) expect(worstExitCode(order.slice(index).toReversed())).toBe(code);
  expect(worstExitCode([0, 0])).toBe(0);
  expect(worstExitCode([])).toBe(0);
});

test("the help lists every exit code with its meaning", () => {
  const lines = exitCodeLines(plain()).join("\n");
  for (const [code, meaning] of Object.entries(EXIT_CODES)) expect(lines).toContain(`${code.padStart(3)}  ${meaning}`);
});
