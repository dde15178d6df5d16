import { randomBytes } from "node:crypto";
import fc from "fast-check";
import { expect, test } from "vitest";
import { endOfCharacters } from "../src/output/characters.ts";
import { run, start } from "./kit.ts";

test("output is in the order of arrival, each piece with its stream and time, notes among it", async () => {
  const turns = 6;
  const program = await start("while read -r x; do echo out $x; read -r x; echo err $x >&2; done", { input: "open" });
  const expected: string[] = [];
  for (let turn = 0; turn < turns; turn++) {
    await program.write(`${turn}\n`);
    await expect.poll(() => program.text()).toContain(`out ${turn}`);
    await program.write(`${turn}\n`);
    await expect.poll(() => program.text()).toContain(`err ${turn}`);
    program.note(`note ${turn}`);
    expected.push(`stdout out ${turn}\n`, `stderr err ${turn}\n`, `note note ${turn}`);
  }
  program.endInput();
  await program.ended;
  expect(program.pieces.map(({ stream, bytes }) => `${stream} ${bytes.toString()}`)).toEqual(expected);
  const times = program.pieces.map(({ at }) => at);
  expect(times).toEqual(times.toSorted((a, b) => a - b));
  expect(Math.abs(Date.now() - (times.at(-1) ?? 0))).toBeLessThan(60_000);
});

test("two programs at once keep their output apart", async () => {
  const programs = await Promise.all(
    ["a", "b", "c", "d"].map((name) => start(`for i in 1 2 3 4 5 6 7 8 9; do echo ${name}; done`)),
  );
  await Promise.all(programs.map(({ ended }) => ended));
  expect(programs.map((it) => it.text())).toEqual(["a\n", "b\n", "c\n", "d\n"].map((line) => line.repeat(9)));
});

test("invalid UTF-8, NUL and a missing line end pass as they are", async () => {
  const ending = await start(String.raw`printf 'a\000b\377\376c\303'`);
  await ending.ended;
  expect(Buffer.concat(ending.pieces.map(({ bytes }) => bytes))).toEqual(
    Buffer.from([0x61, 0, 0x62, 0xff, 0xfe, 0x63, 0xc3]),
  );
});

test("a character that comes in two writes is not cut", async () => {
  const script = String.raw`printf '\342\202'; echo half >&2; read -r x; printf '\254!'`;
  const program = await start(script, { input: "open" });
  await expect.poll(() => program.text("stderr")).toBe("half\n");
  await program.write("\n");
  await program.ended;
  expect(program.text("stdout")).toBe("€!");
  expect(program.pieces.filter(({ stream }) => stream === "stdout")).toHaveLength(1);
});

test("where characters end: never inside one, and always at most three bytes back", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary", minLength: 1 }), fc.nat(), (text, cut) => {
      const bytes = Buffer.from(text);
      const at = cut % (bytes.length + 1);
      const end = endOfCharacters(bytes, at);
      expect(at - end).toBeLessThanOrEqual(3);
      expect(bytes.subarray(0, end).toString() + bytes.subarray(end).toString()).toBe(bytes.toString());
    }),
  );
});

test("a slow sink makes the program wait, and all of it arrives", async () => {
  const gate = Promise.withResolvers<void>();
  const program = await start("head -c 20000000 /dev/zero; echo end >&2", { sink: () => gate.promise });
  await expect.poll(() => program.pieces.length).toBe(1);
  gate.resolve();
  const ending = await program.ended;
  expect(ending).toMatchObject({ code: 0, outputBytes: 20_000_004, outputCut: false });
  expect(Buffer.concat(program.pieces.map(({ bytes }) => bytes))).toHaveLength(20_000_004);
});

test("a large output that its program leaves in the pipe is not lost when the sink is slower than the drain", async () => {
  const gate = Promise.withResolvers<void>();
  const program = await start("exec head -c 100000 /dev/zero", { sink: () => gate.promise, drain: 1 });
  await expect.poll(() => program.pieces.length).toBeGreaterThan(0);
  await expect.poll(() => processGone(program.pid)).toBe(true);
  gate.resolve();
  expect(await program.ended).toMatchObject({ outputBytes: 100_000, outputCut: false });
});

test("a program has not ended before its output is where it belongs", async () => {
  const gate = Promise.withResolvers<void>();
  const order: string[] = [];
  const program = await start("echo text", { sink: () => gate.promise.then(() => order.push("stored")) });
  const ended = program.ended.then(() => order.push("ended"));
  await expect.poll(() => processGone(program.pid)).toBe(true);
  // As long as a whole other program takes.
  await run("sleep 0.3");
  expect(order).toEqual([]);
  gate.resolve();
  await ended;
  expect(order).toEqual(["stored", "ended"]);
});

function processGone(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return false;
  } catch {
    return true;
  }
}

test("input comes in order, as the program reads it, and then ends", async () => {
  const program = await start("sleep 0.1; exec cat", { input: "open" });
  const large = randomBytes(3_000_000).toString("base64");
  const sent = [program.write("first\n"), program.write(large), program.write("\nlast")];
  program.endInput();
  expect(await Promise.all(sent)).toEqual([true, true, true]);
  expect(await program.ended).toMatchObject({ code: 0 });
  expect(program.text()).toBe(`first\n${large}\nlast`);
  expect(await program.write("too late")).toBe(false);
});

test("input that nobody reads any more is told as such", async () => {
  const program = await start("exec 0<&-; echo closed; sleep 0.3", { input: "open" });
  await expect.poll(() => program.text()).toBe("closed\n");
  expect(await program.write("x".repeat(1_000_000))).toBe(false);
  expect(await program.ended).toMatchObject({ code: 0 });
});

test("without an open input a program reads its end at once", async () => {
  expect(await run("cat; echo done")).toMatchObject({ code: 0, text: "done\n" });
  const program = await start("exit 0");
  expect(await program.write("x")).toBe(false);
});
