import { expect, test } from "vitest";
import { cardLines, choiceKeys, focusCard, GRACE, NO_CARD, pressCard, showRequests } from "../src/repl/card.ts";
import { NOW, plain, request } from "./data.ts";

const first = request({ number: 17 });
const second = request({ number: 18, question: "Delete the old pages?" });
const shown = showRequests(NO_CARD, [first, second], NOW);
const later = NOW + GRACE;

test("the oldest question is shown, and the next only when it was answered", () => {
  expect(shown.shown?.number).toBe(17);
  expect(showRequests(shown, [first, second, request({ number: 19 })], later).shown?.number).toBe(17);
  expect(showRequests(shown, [second], later)).toMatchObject({ shown: { number: 18 }, changedAt: later });
});

test("letters answer nothing until the card has the focus", () => {
  expect(pressCard(shown, "a", later).decide).toBeUndefined();
  const focused = focusCard(shown, [first, second], undefined, later);
  expect(pressCard(focused, "a", later).decide).toEqual({ request: first, choice: "approve" });
});

test("a key pressed within 600 ms after the question changed answers nothing and says why", () => {
  const focused = focusCard(shown, [first, second], undefined, later);
  const swapped = showRequests(focused, [second], later);
  expect(swapped).toMatchObject({ focused: true, shown: { number: 18 } });
  const early = pressCard(swapped, "a", later + GRACE - 1);
  expect(early.decide).toBeUndefined();
  expect(early.card.remark).toMatch(/changed/);
  expect(pressCard(swapped, "a", later + GRACE).decide).toEqual({ request: second, choice: "approve" });
});

test("new details of the same question count as a change, its age does not", () => {
  const focused = focusCard(shown, [first], undefined, later);
  const edited = showRequests(focused, [{ ...first, details: { command: "rm -rf /" } }], later);
  expect(pressCard(edited, "a", later + 1).decide).toBeUndefined();
  const older = showRequests(focused, [{ ...first, asked: "3 minutes ago" }], later);
  expect(pressCard(older, "a", later + 1).decide).toBeDefined();
});

test("a question can be brought forward by its number", () => {
  const focused = focusCard(shown, [first, second], 18, later);
  expect(focused).toMatchObject({ focused: true, shown: { number: 18 }, changedAt: later });
  expect(showRequests(focused, [first, second], later + 1).shown?.number).toBe(18);
});

test("after an answer the focus is gone, so the next question needs a new one", () => {
  const focused = focusCard(shown, [first, second], undefined, later);
  expect(pressCard(focused, "r", later).card.focused).toBe(false);
});

test("every choice has a key of its own", () => {
  expect([...choiceKeys(["continue", "cancel", "retry"])]).toEqual([
    ["c", "continue"],
    ["x", "cancel"],
    ["r", "retry"],
  ]);
  expect([...choiceKeys(["a", "A", "1"])].map(([key]) => key)).toEqual(["a", "2", "3"]);
});

test("another try of a step is typed to its end, with a remark", () => {
  const review = request({ number: 17, choices: ["continue", "retry", "cancel"] });
  const card = focusCard(showRequests(NO_CARD, [review], NOW), [review], undefined, NOW);
  const later = NOW + GRACE;
  expect(pressCard(card, "c", later).decide?.choice).toBe("continue");
  expect(pressCard(card, "x", later).decide?.choice).toBe("cancel");
  expect(pressCard(card, "r", later)).toMatchObject({
    card: { focused: false },
    line: '/approve 17 --choice retry --comment ""',
  });
  expect(pressCard(card, "r", later).decide).toBeUndefined();
});

test("the card says what is asked, by whom, until when and how to answer", () => {
  const full = request({
    number: 17,
    details: { command: "rm -rf build\u001B[2J", cwd: "apps/site" },
    expiresAt: new Date(NOW + 3_600_000).toISOString(),
    origin: { principal: "ana" },
  });
  const card = showRequests(NO_CARD, [full, second], NOW);
  expect(cardLines(card, 8, plain({ prefix: "/" }))).toEqual([
    " ! #17 Publish the new pages?   (1 of 2)",
    String.raw`     command: rm -rf build\x1b[2J`,
    "     cwd: apps/site",
    "     asked 2 minutes ago by #16 site:publish (started by ana)   expires in 1h00m",
    "     [a]pprove  [r]eject   Ctrl+A to answer",
  ]);
});

test("a card never takes more lines than it may, and says how to see the rest", () => {
  const long = request({ number: 17, details: Array.from({ length: 30 }, (_, index) => `line ${index}`).join("\n") });
  const lines = cardLines(showRequests(NO_CARD, [long], NOW), 7, plain());
  expect(lines).toHaveLength(7);
  expect(lines[4]).toBe("     +27 lines, all of it: /jobs 17");
});
