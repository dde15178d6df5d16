import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { brains, openTestBrain } from "./rig/brain.ts";
import { KEY, openTerminal } from "./rig/terminal.ts";

test("a typed tool starts a job, the prompt is back at once, and its end becomes one line above", async () => {
  const brain = await openTestBrain();
  const terminal = openTerminal(brain);
  await terminal.shows("test-brain");
  terminal.type(`make --count 3${KEY.enter}`);
  await terminal.shows("● #1 make sections");
  terminal.type(`status${KEY.enter}`);
  await terminal.shows("1 operation is running");
  await expect.poll(terminal.inputLine, { timeout: 10_000, interval: 10 }).toBe(" >");
  brain.gate.open();
  await terminal.shows(/\d\d:\d\d:\d\d {2}#1 make sections {2}done/);
  await expect.poll(terminal.text).not.toContain("● #1");
  expect(terminal.text().match(/make sections {2}done/g)).toHaveLength(1);
});

test("what is being typed survives two hundred jobs that change while it is typed", async () => {
  const brain = await openTestBrain();
  const terminal = openTerminal(brain);
  await terminal.shows("test-brain");
  terminal.type(`make --count 200${KEY.enter}`);
  await terminal.shows("● #1 make sections");
  const sentence = 'hold --name "the quick brown fox"';
  for (const character of sentence) {
    terminal.type(character);
    if (character === "q") brain.gate.open();
  }
  await terminal.shows(`> ${sentence}`);
  await terminal.shows(/#1 make sections {2}done/);
  await expect.poll(terminal.inputLine, { timeout: 10_000, interval: 10 }).toBe(` > ${sentence}`);
  expect(terminal.raw()).not.toContain("\u001B[3J");
  expect(terminal.raw()).not.toContain("\u001B[2J");
});

test("leaving says what keeps running, restores the terminal, and the work goes on", async () => {
  const brain = await openTestBrain();
  const terminal = openTerminal(brain);
  await terminal.shows("test-brain");
  expect(terminal.keyboard.isRaw).toBe(true);
  terminal.type(`hold --name ada${KEY.enter}`);
  await terminal.shows("● #1 hold ada");
  terminal.type(KEY.interrupt);
  await terminal.shows("Ctrl+C again to quit; 1 operation keeps running");
  terminal.type(KEY.interrupt);
  expect(await terminal.code).toBe(0);
  expect(terminal.text()).toContain("1 operation keeps running. Look again: brains status");
  expect(terminal.text()).not.toContain("Tab completes");
  expect(terminal.keyboard.isRaw).toBe(false);
  expect(terminal.raw().lastIndexOf("\u001B[?25h")).toBeGreaterThan(terminal.raw().lastIndexOf("\u001B[?25l"));
  expect(terminal.raw().lastIndexOf("\u001B[?2004l")).toBeGreaterThan(terminal.raw().lastIndexOf("\u001B[?2004h"));
  brain.gate.open();
  expect(await brains(brain, "wait 1")).toMatchObject({ code: 0 });
});

test("Ctrl+C clears the line first, and Ctrl+D on an empty line leaves", async () => {
  const brain = await openTestBrain();
  const terminal = openTerminal(brain);
  await terminal.shows("test-brain");
  terminal.type("something");
  await terminal.shows("> something");
  terminal.type(KEY.interrupt);
  await expect.poll(terminal.inputLine).toBe(" >");
  terminal.type(KEY.end);
  expect(await terminal.code).toBe(0);
});

test("Ctrl+C leaves a followed log and the job goes on", async () => {
  const brain = await openTestBrain();
  const terminal = openTerminal(brain);
  await terminal.shows("test-brain");
  terminal.type(`hold --name ada${KEY.enter}`);
  await terminal.shows("● #1 hold ada");
  terminal.type(`/logs 1 -f${KEY.enter}`);
  // Log lines are stored in small groups, by the queue's clock.
  await brain.shell.queue.clock.advance(1000);
  await terminal.shows("holding ada");
  await terminal.shows("following; Ctrl+C leaves");
  terminal.type(KEY.interrupt);
  await terminal.shows("#1 goes on. Follow again: /logs 1 -f");
  expect((await brains(brain, "jobs 1 --json")).json[0]?.data).toMatchObject({ job: { state: "processing" } });
});

test("the end of a job that is followed is told once, behind its output", async () => {
  const brain = await openTestBrain();
  const terminal = openTerminal(brain);
  await terminal.shows("test-brain");
  terminal.type(`watch --name ada${KEY.enter}`);
  await terminal.shows("following; Ctrl+C leaves");
  brain.gate.open();
  await terminal.shows(/hold ada {2}done/);
  terminal.type(`watch --name bob${KEY.enter}`);
  await terminal.shows(/hold bob {2}done/);
  expect(terminal.text().match(/hold \w+ {2}done/g)).toEqual(["hold ada  done", "hold bob  done"]);
  expect(terminal.text()).toMatch(/let go[^]*hold ada {2}done/);
});

test("a question is answered by a key only after the card was focused and looked at", async () => {
  const brain = await openTestBrain();
  const terminal = openTerminal(brain);
  await terminal.shows("test-brain");
  terminal.type(`publish${KEY.enter}`);
  await terminal.shows("! #2 Publish 3 pages?");
  await terminal.shows("command: rsync site web:");
  terminal.type("a");
  await expect.poll(terminal.inputLine).toBe(" > a");
  terminal.type(KEY.interrupt);
  terminal.type(KEY.focus);
  await terminal.shows("press a letter; Esc to type");
  await expect
    .poll(
      () => {
        terminal.type("a");
        return terminal.text();
      },
      { interval: 50, timeout: 10_000 },
    )
    .toContain("#2 approve");
  await terminal.shows(/#1 site:publish {2}done/);
  await expect.poll(terminal.text).not.toContain("! #2");
});

test("/approve with a number focuses that question instead of answering it", async () => {
  const brain = await openTestBrain();
  const terminal = openTerminal(brain);
  await terminal.shows("test-brain");
  terminal.type(`publish${KEY.enter}publish${KEY.enter}`);
  await terminal.shows("(1 of 2)");
  const shown = /! #(\d+)/.exec(terminal.text())![1]!;
  const { requests } = (await brains(brain, "status --json")).json[0]!.data as { requests: { number: number }[] };
  const other = requests.find((request) => String(request.number) !== shown)!.number;
  terminal.type(`/approve ${other}${KEY.enter}`);
  await terminal.shows(new RegExp(`! #${other} .*`));
  await terminal.shows("press a letter");
  expect((await brains(brain, "status --json")).json[0]?.data).toMatchObject({
    requests: [{ state: "open" }, { state: "open" }],
  });
});

test("a prompt that runs inside a job cannot answer for a person", async () => {
  const brain = await openTestBrain();
  const terminal = openTerminal(brain, [], { env: { BRAINS_JOB: "1-abc" } });
  await terminal.shows("test-brain");
  terminal.type(`publish${KEY.enter}`);
  await terminal.shows("! #2 Publish 3 pages?");
  terminal.type(`/approve${KEY.enter}`);
  await terminal.shows("press a letter");
  await expect
    .poll(
      () => {
        terminal.type("a");
        return terminal.text();
      },
      { interval: 50, timeout: 10_000 },
    )
    .toContain("a job cannot answer for a person");
  expect((await brains(brain, "status --json")).json[0]?.data).toMatchObject({ requests: [{ state: "open" }] });
});

test("history is kept across sessions, with up and with search", async () => {
  const brain = await openTestBrain();
  const first = openTerminal(brain);
  await first.shows("test-brain");
  first.type(`count --of abc${KEY.enter}`);
  await first.shows("letters  3");
  first.type(`/jobs${KEY.enter}`);
  await first.shows("no jobs");
  first.type(KEY.end);
  await first.code;
  expect(await readFile(`${brain.shell.home}/history`, "utf8")).toBe('"count --of abc"\n"/jobs"\n');
  const second = openTerminal(brain);
  await second.shows("test-brain");
  second.type(KEY.up);
  await expect.poll(second.inputLine).toBe(" > /jobs");
  second.type(KEY.interrupt);
  second.type(`${KEY.search}cou`);
  await second.shows('search "cou": count --of abc');
  second.type(KEY.enter);
  await second.shows("letters  3");
});

test("tab completes verbs, tools and fields, and lists what is left to choose", async () => {
  const brain = await openTestBrain();
  const terminal = openTerminal(brain);
  await terminal.shows("test-brain");
  terminal.type(`ho${KEY.tab}`);
  await expect.poll(terminal.inputLine).toBe(" > hold");
  terminal.type(`--na${KEY.tab}`);
  await expect.poll(terminal.inputLine).toBe(" > hold --name");
  terminal.type(`${KEY.interrupt}/re${KEY.tab}`);
  await terminal.shows("/retry  /resume  /reject");
});

test("a paste of several lines stays one input until enter, and then runs line by line", async () => {
  const brain = await openTestBrain();
  const terminal = openTerminal(brain);
  await terminal.shows("test-brain");
  terminal.type("\u001B[200~count --of a\ncount --of abcd\u001B[201~");
  await terminal.shows(/ > count --of a\n {3}count --of abcd/);
  expect(terminal.text()).not.toContain("letters");
  terminal.type(KEY.enter);
  await terminal.shows("letters  1");
  await terminal.shows("letters  4");
});

test("a wrong line is answered with a suggestion, and the prompt stays", async () => {
  const brain = await openTestBrain();
  const terminal = openTerminal(brain);
  await terminal.shows("test-brain");
  terminal.type(`/stauts${KEY.enter}`);
  await terminal.shows("Did you mean /status?");
  terminal.type(`hodl${KEY.enter}`);
  await terminal.shows("Did you mean hold?");
  terminal.type(`worker${KEY.enter}`);
  await terminal.shows("worker is a command of the terminal: brains worker");
  terminal.type(`hold 'open${KEY.enter}`);
  await terminal.shows("is not closed");
  await expect.poll(terminal.inputLine, { timeout: 10_000, interval: 10 }).toBe(" >");
});

test("what a job is called cannot move the cursor or colour the screen", async () => {
  const brain = await openTestBrain();
  const terminal = openTerminal(brain);
  await terminal.shows("test-brain");
  await brain.shell.call("site:hold", { name: "x\u001B[2J\u001B[31mred\u202E" });
  await terminal.shows("hold xred\\u202e");
  expect(terminal.raw()).not.toContain("\u001B[2J");
  expect(terminal.raw()).not.toContain("\u202E");
});

test("the live part never has more than twelve rows, however much runs", async () => {
  const brain = await openTestBrain();
  const terminal = openTerminal(brain, [], { columns: 80, rows: 16 });
  await terminal.shows("test-brain");
  for (let n = 0; n < 9; n++) await brain.shell.call("site:hold", { name: `job ${n}` });
  await brain.shell.call("site:publish");
  await terminal.shows(/\+\d+ more/);
  const rule = terminal.text().lastIndexOf("───");
  expect(terminal.text().slice(rule).split("\n").length).toBeLessThanOrEqual(12);
});

test("the demonstration leaves the person at the prompt while its steps run", async () => {
  const brain = await openTestBrain();
  const terminal = openTerminal(brain, ["demo"]);
  await terminal.shows("Making sections, then holding.");
  await terminal.shows("1 waiting: #4 hold last after #1");
  terminal.type(`count --of abc${KEY.enter}`);
  await terminal.shows("letters  3");
  brain.gate.open();
  await terminal.shows('closed with {"name":"last","tags":[]}');
  await expect.poll(terminal.inputLine, { timeout: 10_000, interval: 10 }).toBe(" >");
});
