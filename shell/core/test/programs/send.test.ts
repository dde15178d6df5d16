import { expect, test } from "vitest";
import type { Caller } from "@brains/plugin";
import { ALLOW_ALL, SH, asked, ended, programShell } from "./kit.ts";

const MODEL: Caller = { principal: "tester", role: "operator", interface: "mcp" };
const READ = SH('echo "::brains waiting=input"; while read -r line; do echo "got $line"; done; echo over');

test("what is sent reaches the program in order, also what came before it reads, and its end", async () => {
  await using brain = await programShell(ALLOW_ALL);
  const id = await brain.ask(READ);
  for (const text of ["one\n", "tw", "o\n"]) await brain.call("shell:send", { id, text }, { caller: MODEL });
  await brain.said(id, "got two");
  await brain.call("shell:send", { id, text: "three\n", eof: true }, { caller: MODEL });
  expect(await ended(brain, id)).toMatchObject({ state: "completed", result: { code: 0 } });
  const lines = (await brain.logs(id)).lines.map(({ text }) => text);
  expect(lines.filter((line) => /^got|^over/.test(line))).toEqual(["got one", "got two", "got three", "over"]);
  await expect(brain.call("shell:send", { id, text: "late" })).rejects.toThrow(
    expect.objectContaining({ code: "INVALID_STATE" }),
  );
});

test("it is known when the program says that it waits", async () => {
  await using brain = await programShell(ALLOW_ALL);
  const id = await brain.ask(READ);
  await expect
    .poll(async () => (await brain.queue.service.getStatus(id))?.waitingFor, { timeout: 15_000 })
    .toBe("input");
  await brain.call("shell:send", { id, eof: true });
  await ended(brain, id);
});

test("to what a person approved, only somebody who could approve it sends", async () => {
  await using brain = await programShell();
  const id = await brain.ask(READ);
  await asked(brain, id);
  const refused = expect.objectContaining({
    code: "INPUT_NEEDS_APPROVAL",
    message: expect.stringContaining(`brains send ${id}`) as string,
  });
  const send = (caller: Caller, text: string) => brain.call("shell:send", { id, text }, { caller });
  await expect(send(MODEL, "before\n")).rejects.toThrow(refused);
  await brain.call("shell:decide", { ids: id, choice: "approve" });
  await brain.said(id, "waiting=input");
  await expect(send(MODEL, "while\n")).rejects.toThrow(refused);
  await expect(send(brain.as("operator"), "operator\n")).rejects.toThrow(refused);
  await brain.call("shell:send", { id, text: "person\n", eof: true });
  await ended(brain, id);
  const lines = (await brain.logs(id)).lines.map(({ text }) => text);
  expect(lines.filter((line) => line.startsWith("got"))).toEqual(["got person"]);
});

test("the requester sends where the card says so, and nobody else of its kind", async () => {
  await using brain = await programShell();
  const id = await brain.ask({ ...READ, requesterMaySendInput: true });
  await asked(brain, id);
  await brain.call("shell:decide", { ids: id, choice: "approve" });
  await expect(
    brain.call("shell:send", { id, text: "x" }, { caller: { ...MODEL, principal: "other" } }),
  ).rejects.toThrow(expect.objectContaining({ code: "INPUT_NEEDS_APPROVAL" }));
  await brain.call("shell:send", { id, text: "mine\n", eof: true }, { caller: MODEL });
  await ended(brain, id);
  expect((await brain.logs(id)).lines.map(({ text }) => text)).toContain("got mine");
});

test("input that came before anybody was asked stands on the card and is part of what is approved", async () => {
  await using brain = await programShell();
  await brain.call("shell:pause", { name: "runner" });
  const id = await brain.ask(READ);
  const send = (text: string) => brain.call("shell:send", { id, text }, { caller: MODEL });
  // At once: neither may hide behind the other.
  await Promise.all([send("early\n"), send("early\n")]);
  await brain.call("shell:send", { id, eof: true }, { caller: MODEL });
  await expect(send("too late")).rejects.toThrow(expect.objectContaining({ code: "INPUT_CLOSED" }));
  await brain.call("shell:unpause", { name: "runner" });
  const { details } = await asked(brain, id);
  expect(details).toMatchObject({
    earlyInput: { text: "early\nearly\n", characters: 12, cut: false, from: ["mcp:tester"] },
  });
  await brain.decide(id, "approve");
  expect((await brain.logs(id)).lines.filter(({ text }) => text === "got early")).toHaveLength(2);
});

test("what was given all of its input with the request takes no more, while it is asked about and while it runs", async () => {
  await using brain = await programShell();
  const id = await brain.ask({ ...SH("cat; sleep 60"), stdin: "given\n" });
  await asked(brain, id);
  const refused = expect.objectContaining({ code: "INPUT_GIVEN" });
  await expect(brain.call("shell:send", { id, text: "x" })).rejects.toThrow(refused);
  await brain.call("shell:decide", { ids: id, choice: "approve" });
  await brain.said(id, "given");
  await expect(brain.call("shell:send", { id, eof: true })).rejects.toThrow(refused);
  await brain.call("shell:cancel", { ids: id });
  await ended(brain, id);
});
