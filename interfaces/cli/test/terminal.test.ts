import { expect, test } from "vitest";
import type { AppPort } from "../src/index.ts";
import { brains, openTestBrain } from "./rig/brain.ts";
import { openTerminal } from "./rig/terminal.ts";

test("waiting on a terminal draws a bar that goes when the job has ended", async () => {
  const brain = await openTestBrain();
  const terminal = openTerminal(brain, ["run", "make", "--count", "2", "--wait"]);
  await terminal.shows("● #1 make sections   ░░░░");
  brain.gate.open();
  expect(await terminal.code).toBe(0);
  await terminal.shows(/^ #1 make sections queued\n #1 make sections {2}done/);
});

test("on a terminal approve shows what is asked and answers it", async () => {
  const brain = await openTestBrain();
  await brains(brain, "run publish --wait");
  const terminal = openTerminal(brain, ["approve", "1", "--comment", "fine"]);
  expect(await terminal.code).toBe(0);
  await terminal.shows(/command: rsync site web:[^]* #2 approve$/);
  expect(await brains(brain, "wait 1")).toMatchObject({ code: 0 });
});

test("reject ends the waiting job as rejected, which is exit code 6", async () => {
  const brain = await openTestBrain();
  await brains(brain, "run publish --wait");
  expect(await openTerminal(brain, ["reject", "2"]).code).toBe(0);
  expect(await brains(brain, "wait 1")).toMatchObject({ code: 6 });
});

test("approve of a question without that answer names its own, and takes them", async () => {
  const brain = await openTestBrain();
  await brains(brain, "run choose --wait");
  const refused = openTerminal(brain, ["approve", "2"]);
  expect(await refused.code).toBe(2);
  await refused.shows(/cannot be answered with approve\.[^]*--choice\s+now\|"next\s+week"/);
  expect(await openTerminal(brain, ["approve", "2", "--choice", "next week"]).code).toBe(0);
  expect((await brains(brain, "jobs 1")).out).toMatch(/result +next week/);
});

test("a terminal that shows colours gets them, and NO_COLOR takes them away", async () => {
  const brain = await openTestBrain();
  const coloured = openTerminal(brain, ["help"]);
  await coloured.shows("brains --version");
  expect(coloured.raw()).toContain("\u001B[1m");
  const plain = openTerminal(brain, ["help"], { env: { NO_COLOR: "1" } });
  await plain.shows("brains --version");
  expect(plain.raw()).not.toContain("\u001B");
});

test("a terminal that cannot move its cursor gets plain lines, and takes a command per line", async () => {
  const brain = await openTestBrain();
  const terminal = openTerminal(brain, [], { env: { TERM: "dumb" } });
  await terminal.shows("One command per line");
  terminal.type("count --of abc\r");
  await terminal.shows("letters  3");
  terminal.type("/quit\r");
  expect(await terminal.code).toBe(0);
  expect(terminal.raw()).not.toContain("\u001B");
});

test("lists fit the terminal's width", async () => {
  const brain = await openTestBrain();
  await brains(brain, `run hold --name ${"x".repeat(120)}`);
  const terminal = openTerminal(brain, ["jobs"], { columns: 50, env: { NO_COLOR: "1" } });
  await terminal.shows("1 job");
  const lengths = terminal
    .raw()
    .split("\n")
    .map((line) => line.length);
  expect(lengths).toHaveLength(4);
  expect(Math.max(...lengths)).toBeLessThanOrEqual(50);
});

function untrusted(app: AppPort): { readonly app: AppPort; readonly trusted: string[] } {
  const trusted: string[] = [];
  const error = Object.assign(new Error("The folder /b is not trusted. Run `brains trust`."), {
    code: "UNTRUSTED",
    data: { dir: "/b" },
  });
  return {
    trusted,
    app: {
      ...app,
      open: (options) => (options.plugins && trusted.length === 0 ? Promise.reject(error) : app.open(options)),
      async trust({ dir }) {
        trusted.push(dir);
        return { dir, already: false };
      },
    },
  };
}

test("an untrusted folder is a question on a terminal, and yes goes on", async () => {
  const brain = await openTestBrain();
  const { app, trusted } = untrusted(brain.app);
  const terminal = openTerminal({ ...brain, app }, ["run", "count", "--of", "abc"]);
  await terminal.shows("Trust this folder? [y/N]");
  terminal.type("y\r");
  expect(await terminal.code).toBe(0);
  expect(trusted).toEqual(["/b"]);
  await terminal.shows("letters  3");
});

test("without a terminal, with --no-input, or answered with no, an untrusted folder is an error", async () => {
  const brain = await openTestBrain();
  const { app, trusted } = untrusted(brain.app);
  expect(await brains({ app }, "run count --of abc")).toMatchObject({
    code: 1,
    err: expect.stringContaining("UNTRUSTED") as string,
  });
  expect(await openTerminal({ ...brain, app }, ["run", "count", "--of", "abc", "--no-input"]).code).toBe(1);
  const asked = openTerminal({ ...brain, app }, ["run", "count", "--of", "abc"]);
  await asked.shows("[y/N]");
  asked.type("\r");
  expect(await asked.code).toBe(1);
  expect(trusted).toEqual([]);
});
