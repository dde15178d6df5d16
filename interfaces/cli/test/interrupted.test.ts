import type { Operation } from "@brains/shell";
import { expect, test } from "vitest";
import type { AppSession } from "../src/app-port.ts";
import { interruptedNote } from "../src/interrupted-note.ts";
import { interruptedCards } from "../src/repl/interrupted.ts";
import { operation } from "./data.ts";

/** A shell that reports each of these once. */
function sessionWith(...reports: (readonly Operation[])[]): AppSession {
  const callTool = async () => ({ kind: "data", data: { operations: reports.shift() ?? [] } });
  return { shell: { callTool }, caller: { principal: "p", role: "admin", interface: "repl" } } as unknown as AppSession;
}

const broken = (number: number): Operation =>
  operation({ number, id: `${number}-x`, label: `sleep ${number}`, status: "failed", reason: "interrupted" });

test("interrupted work is a card each: kept unless the person says otherwise", async () => {
  const cards = interruptedCards(sessionWith([broken(7), broken(9)], [broken(12)]));
  expect(await cards.look()).toEqual([]);
  expect(cards.requests.map((card) => card.number)).toEqual([7, 9]);
  const [seven, nine] = cards.requests;
  expect(seven).toMatchObject({ question: expect.stringContaining("sleep 7 was interrupted") });
  expect(cards.owns(seven!)).toBe(true);

  expect(cards.answer(seven!, "view")).toBe("/jobs 7\n/logs 7");
  expect(cards.requests).toHaveLength(2);
  expect(cards.answer(seven!, "retry")).toBe("/retry 7");
  expect(cards.answer(nine!, "keep")).toBeUndefined();
  expect(cards.requests).toEqual([]);
  expect(cards.owns(nine!)).toBe(false);

  await cards.look();
  expect(cards.answer(cards.requests[0]!, "delete")).toBe("/delete 12");
});

test("of very many, some are cards and the rest a line", async () => {
  const cards = interruptedCards(sessionWith(Array.from({ length: 8 }, (_, n) => broken(n + 1))));
  expect(await cards.look()).toEqual([" 3 more jobs were interrupted when their worker died: /jobs --state failed"]);
  expect(cards.requests).toHaveLength(5);
});

test("who cannot be asked gets one line, once", async () => {
  const session = sessionWith([broken(7), broken(9)]);
  expect(await interruptedNote(session)).toEqual([
    " #7, #9 were interrupted when the worker died. They do not run again without you: brains logs 7, brains retry 7",
  ]);
  expect(await interruptedNote(session)).toEqual([]);
});
