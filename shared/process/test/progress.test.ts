import fc from "fast-check";
import { expect, test } from "vitest";
import { type StatedProgress, startProgram } from "../src/index.ts";
import { ProgressReader } from "../src/output/progress.ts";
import { PATH } from "./kit.ts";

function stated(...pieces: string[]): StatedProgress[] {
  const reader = new ProgressReader();
  return [...pieces.map((piece) => reader.push(Buffer.from(piece))), reader.end()].filter((it) => it !== undefined);
}

test.each<[string, StatedProgress]>([
  ["::brains progress=40\n", { current: 40 }],
  [
    "::brains progress=40 total=100 msg=Grüße, all = well\r\n",
    { current: 40, total: 100, message: "Grüße, all = well" },
  ],
  ["::brains progress=1.5 total=2 unit=files msg=\n", { current: 1.5, total: 2, unit: "files", message: "" }],
  ["::brains progress=3", { current: 3 }],
  ["\u001B]9;4;1;40\u0007", { current: 40, total: 100, unit: "%" }],
  ["text \u001B]9;4;4;250\u001B\\ text", { current: 100, total: 100, unit: "%" }],
])("%j is a statement", (text, expected) => {
  expect(stated(text)).toEqual([expected]);
  expect(stated(`before\n${text}`)).toEqual([expected]);
});

test.each([
  "40%\n",
  " ::brains progress=40\n",
  "x::brains progress=40\n",
  "::brains progress=-1\n",
  "::brains progress=NaN\n",
  "::brains progress=1 totl=2\n",
  "::brains set-env A=b\n",
  "\u001B]9;4;0\u0007",
  "\u001B]9;4;3\u0007",
  "\u001B]0;title\u0007",
  `${"x".repeat(5_000)}::brains progress=40\n`,
])("%j is none", (text) => {
  expect(stated(text)).toEqual([]);
});

test("a statement is found once, however it is cut into pieces", () => {
  const text = "start\n::brains progress=1 total=3\nmore \u001B]9;4;1;50\u0007 and\n::brains progress=2\n";
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 30 }), { maxLength: 20 }), (lengths) => {
      const pieces: string[] = [];
      let rest = text;
      for (const length of lengths) {
        pieces.push(rest.slice(0, length));
        rest = rest.slice(length);
      }
      const found = stated(...pieces, rest);
      // Of several in one piece the last counts.
      expect(found.at(-1)).toEqual({ current: 2 });
      expect(new Set(found.map((it) => JSON.stringify(it))).size).toBe(found.length);
    }),
  );
});

test("a statement is found where long pieces without one meet it, wherever it is cut", () => {
  const before = `${"x".repeat(9_000)}\n`;
  const statement = "::brains progress=7\n";
  const after = `${"y\n".repeat(4_000)}z`;
  for (let cut = 0; cut <= statement.length; cut++)
    expect(stated(before + statement.slice(0, cut), statement.slice(cut) + after)).toEqual([{ current: 7 }]);
  expect(stated(before, before.trimEnd(), statement + after)).toEqual([]);
  expect(stated(before + after, statement)).toEqual([]);
});

test("a program states its progress, with its secrets masked", async () => {
  const said: StatedProgress[] = [];
  const program = await startProgram(
    {
      file: "/bin/sh",
      args: ["-c", 'echo "::brains progress=1 total=2 msg=with $T"; echo "50%"'],
      cwd: "/",
      env: { ...PATH, T: "canary-token" },
      secrets: { T: "canary-token" },
    },
    { output: () => undefined, progress: (it) => void said.push(it) },
  );
  await program.ended;
  expect(said).toEqual([{ current: 1, total: 2, message: "with ***" }]);
});

test("a program states that it waits for input, and that it no longer does", async () => {
  const said: boolean[] = [];
  const told = Promise.withResolvers<void>();
  const waiting = (waits: boolean) => {
    said.push(waits);
    told.resolve();
  };
  const script =
    'echo "::brains waiting=input"; read line; echo " ::brains waiting=input"; echo "::brains waiting=nothing"';
  const program = await startProgram(
    { file: "/bin/sh", args: ["-c", script], cwd: "/", env: PATH, input: "open" },
    { output: () => undefined, waiting },
  );
  await told.promise;
  await program.write("yes\n");
  await program.ended;
  expect(said).toEqual([true, false]);
});
