import { expect, test } from "vitest";
import { COMMANDS, HIDDEN_COMMANDS, LATER_COMMANDS } from "../src/commands/registry.ts";
import { parseLine } from "../src/program.ts";

const parse = (...words: string[]) => parseLine(words, COMMANDS, HIDDEN_COMMANDS, "brains ");
const command = (...words: string[]) => {
  const line = parse(...words);
  if (line.kind !== "command") throw new Error(`a ${line.kind}, not a command`);
  return { name: line.spec.name, ...line.input, common: line.common };
};

test("no words open the prompt", () => {
  expect(parse()).toMatchObject({ kind: "prompt" });
  expect(parse("--config", "x.yaml")).toMatchObject({ kind: "prompt", common: { config: "x.yaml" } });
});

test("options common to all commands may stand before and after the command", () => {
  for (const words of [
    ["--json", "jobs"],
    ["jobs", "--json"],
  ])
    expect(command(...words).common.json).toBe(true);
  expect(command("jobs", "--no-color").common.color).toBe(false);
  expect(command("--home", "h", "status", "12").args).toEqual(["12"]);
});

test("several ids are several arguments", () => {
  expect(command("cancel", "1", "#2", "3-abc").args).toEqual(["1", "#2", "3-abc"]);
});

test("run tells its own options from the tool's fields, wherever they stand", () => {
  const line = command(
    "run",
    "generate",
    "--page",
    "landing",
    "--wait",
    "60",
    "--json",
    "--after",
    "12",
    "--after",
    "13",
  );
  expect(line.args).toEqual(["generate", "--page", "landing"]);
  expect(line.options).toMatchObject({ wait: "60", after: ["12", "13"] });
  expect(line.common.json).toBe(true);
});

test("run --wait takes no number when a field follows", () => {
  const line = command("run", "build", "--wait", "--clean");
  expect(line.options.wait).toBe(true);
  expect(line.args).toEqual(["build", "--clean"]);
});

test("after -- every word is a field", () => {
  expect(command("run", "note", "--", "--wait", "--json").args).toEqual(["note", "--wait", "--json"]);
});

test("help works with and without the required arguments", () => {
  expect(parse("--help")).toMatchObject({ kind: "help", topic: undefined });
  expect(parse("help")).toMatchObject({ kind: "help", topic: undefined });
  expect(parse("help", "exit-codes")).toMatchObject({ kind: "help", topic: "exit-codes" });
  expect(parse("cancel", "--help")).toMatchObject({ kind: "help", topic: "cancel" });
  expect(parse("run", "--help")).toMatchObject({ kind: "help", topic: "run" });
  expect(command("run", "generate", "--help")).toMatchObject({ name: "tools", args: ["generate"] });
});

test.each<[string[], RegExp]>([
  [["jbos"], /no command jbos\. Did you mean brains jobs\?/],
  [["frobnicate"], /`brains help` lists the commands\. If it is a tool: brains run frobnicate/],
  [["jobs", "--stat", "failed"], /--stat.*Did you mean --state\?/s],
  [["cancel"], /missing required argument.*`brains help cancel`/i],
  [["logs", "1", "2"], /too many arguments.*`brains help logs`/i],
  [["jobs", "--limit"], /argument missing.*`brains help jobs`/i],
])("%j is refused with a hint", (words, message) => {
  expect(() => parse(...words)).toThrow(message);
  expect(() => parse(...words)).toThrow(expect.objectContaining({ code: "USAGE" }) as Error);
});

test.each(LATER_COMMANDS)("%s is refused as not in this version, and is not in the help", (name) => {
  expect(() => parse(name, "1")).toThrow(/not in this version/);
  expect(COMMANDS.map((spec) => spec.name)).not.toContain(name);
});

test("every command has examples that it understands itself", () => {
  for (const spec of COMMANDS) {
    for (const example of spec.examples) {
      const words = [...example.matchAll(/"([^"]*)"|(\S+)/g)].map((match) => match[1] ?? match[2]!);
      expect(command(...words).name).toBe(spec.name);
    }
  }
});

test("every command can be loaded", async () => {
  for (const spec of [...COMMANDS, ...HIDDEN_COMMANDS]) expect(await spec.load()).toBeTypeOf("function");
});
