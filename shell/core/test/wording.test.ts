import { expect, test } from "vitest";
import { durationText, elapsedText, estimate, numbersText, percentOf, progressText, relativeTime } from "@brains/shell";

const NOW = Date.UTC(2026, 0, 1, 12);

test("progress reads as numbers, unit and percent", () => {
  expect(progressText({ current: 8, total: 12, unit: "sections" })).toBe("8/12 sections (67%)");
  expect(progressText({ current: 3, total: 12 })).toBe("3/12 (25%)");
  expect(progressText({ current: 8, unit: "sections" })).toBe("8 sections");
});

test("a hundred percent means finished, whatever rounding says", () => {
  expect(percentOf(999, 1000)).toBe(99);
  expect(percentOf(1000, 1000)).toBe(100);
  expect(percentOf(5, 0)).toBeUndefined();
  expect(percentOf(5, undefined)).toBeUndefined();
});

test("times read in words, in their largest unit", () => {
  expect(relativeTime(NOW - 120_000, NOW)).toBe("2 minutes ago");
  expect(relativeTime(NOW - 60_000, NOW)).toBe("1 minute ago");
  expect(relativeTime(NOW - 59_900, NOW)).toBe("1 minute ago");
  expect(relativeTime(NOW + 5000, NOW)).toBe("in 5 seconds");
  expect(relativeTime(NOW - 300, NOW)).toBe("just now");
  expect(durationText(26 * 3_600_000)).toBe("1 day");
  expect(durationText(400)).toBe("less than a second");
  expect(elapsedText(3_725_000)).toBe("1:02:05");
  expect(elapsedText(8200)).toBe("0:08");
});

test("a list of numbers is short however long it is", () => {
  expect(numbersText([12])).toBe("#12");
  expect(numbersText([12, 13])).toBe("#12 and #13");
  expect(numbersText([1, 2, 3, 4, 5, 6, 7])).toBe("#1, #2, #3, #4, #5 and 2 more");
});

test("an estimate comes from the run's own counters first", () => {
  const history = { count: 14, median: 600_000, p90: 900_000 };
  const guess = estimate({ startedAt: NOW - 60_000, current: 8, total: 12, history }, NOW);
  expect(guess).toEqual({ at: NOW + 30_000, text: "in about 30 seconds", source: "rate" });
});

test("an estimate comes from past runs where the run has no counters, and says of how many", () => {
  const history = { count: 14, median: 180_000, p90: 300_000 };
  const guess = estimate({ startedAt: NOW - 60_000, history }, NOW);
  expect(guess).toEqual({ at: NOW + 120_000, text: "in about 2 minutes", source: "history (n=14)" });
});

test("there is no estimate where nothing is known", () => {
  const history = { count: 2, median: 180_000, p90: 300_000 };
  expect(estimate({ startedAt: NOW - 60_000 }, NOW)).toBeUndefined();
  expect(estimate({ startedAt: NOW - 60_000, history }, NOW)).toBeUndefined();
  expect(estimate({ startedAt: NOW - 60_000, current: 0, total: 12 }, NOW)).toBeUndefined();
  expect(estimate({ current: 3, total: 12 }, NOW)).toBeUndefined();
});

test("a run that takes longer than nine in ten before it gets no estimate", () => {
  const history = { count: 14, median: 180_000, p90: 300_000 };
  expect(estimate({ startedAt: NOW - 301_000, history }, NOW)).toBeUndefined();
});
