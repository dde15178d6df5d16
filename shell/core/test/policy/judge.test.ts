import { describe, expect, it } from "vitest";
import { judgeCommand } from "../../src/programs/policy/judge.ts";
import { policySchema } from "../../src/programs/policy/schema.ts";
import { commandOf, judge, policyOf } from "./rig.ts";

const outcome = (...given: Parameters<typeof judge>) => judge(...given).outcome;

describe("rules", () => {
  const rules = [
    { name: "no keys", folders: ["/brain/keys"], outcome: "deny" },
    { name: "status", executable: "git", args: ["status", "*"], folders: ["$folders"], outcome: "allow" },
    { executable: "/usr/bin/git", args: ["push", "**"], outcome: "deny" },
    { name: "any git", executable: "git", outcome: "approve" },
  ];

  it("the first one that matches decides, and is named by its name or its place", () => {
    expect(judge(rules, "git", ["status", "docs"])).toMatchObject({ outcome: "allow", rule: "status" });
    expect(judge(rules, "git", ["push", "origin"])).toMatchObject({
      outcome: "deny",
      rule: "rule 3 of programs.policy",
    });
    expect(judge(rules, "git", ["status"])).toMatchObject({ outcome: "approve", rule: "any git" });
    expect(judge(rules, "make", [])).toMatchObject({ outcome: "approve", rule: "built-in: everything else" });
  });

  it("a program is its real path and the name that it is called by, never what was typed", () => {
    const list = [{ executable: "/multi/ls", args: [{ any: "rest" }], outcome: "allow" }];
    expect(outcome(list, "/multi/ls", ["/multi"])).toBe("allow");
    expect(outcome(list, "/multi/rm", ["/multi"])).toBe("approve");
    expect(outcome(rules, "/elsewhere/git", ["status", "docs"])).toBe("approve");
    expect(outcome([{ executable: "sh", outcome: "deny" }], "/brain/harmless", [])).toBe("deny");
  });

  it("a folder holds what is really in it: no sibling, no link that leads out, no way back", () => {
    const inDocs = [{ executable: "cp", args: ["*", "**"], folders: ["/brain/docs"], outcome: "allow" }];
    const from = (args: string[], cwd = "/brain/docs") => outcome(inDocs, "cp", args, { cwd });
    expect(from(["a", "b/c"])).toBe("allow");
    expect(from(["a", "/brain/docs2/c"])).toBe("approve");
    expect(from(["a", "../secret"])).toBe("approve");
    expect(from(["a"], "/brain")).toBe("approve");
    expect(from(["../out/passwd", "a"])).toBe("approve");
    expect(from(["--target=/etc/x", "a"])).toBe("approve");
    expect(from(["a", "~root/x"])).toBe("approve");
  });

  it("a folder of a deny rule is hit by any one path, also one inside an option", () => {
    for (const args of [
      ["/brain/keys/id"],
      ["-i/brain/keys/id"],
      ["--key=/brain/keys/id"],
      ["x@/brain/keys/id"],
      ["keys/id"],
    ])
      expect(judge(rules, "ssh", args), args[0]).toMatchObject({ outcome: "deny", rule: "no keys" });
    expect(outcome(rules, "ls", [], { cwd: "/brain/keys" })).toBe("deny");
  });

  it("an allow rule covers only the names that it lists, and only commands unless it says code", () => {
    const push = [{ executable: "npm", args: ["publish"], env: ["NPM_TOKEN", "CI*"], outcome: "allow" }];
    expect(outcome(push, "npm", ["publish"], { env: ["NPM_TOKEN", "CI_RUN"] })).toBe("allow");
    expect(outcome(push, "npm", ["publish"], { env: ["NPM_TOKEN", "AWS_KEY"] })).toBe("approve");
    expect(outcome(push, "npm", ["publish"], { kind: "code" })).toBe("approve");
    expect(outcome([], "node", ["run.js"], { kind: "code", sandbox: "quickjs" })).toBe("allow");
    expect(outcome([], "node", [".brains/run.js"], { kind: "code", sandbox: "quickjs" })).toBe("allow");
    expect(outcome([], "node", ["run.js"], { kind: "code" })).toBe("approve");
    expect(outcome([{ kind: "code", outcome: "allow" }], "node", ["-e", "1"], { kind: "code" })).toBe("allow");
  });

  it("an allow rule for bwrap opens it no further than it says: folders to write to, the network", () => {
    const code = (rule: object, wants: object) =>
      outcome([{ kind: "code", sandbox: "bwrap", outcome: "allow", ...rule }], "node", ["x.js"], {
        kind: "code",
        sandbox: "bwrap",
        ...wants,
      });
    expect(code({}, {})).toBe("allow");
    expect(code({}, { network: true })).toBe("approve");
    expect(code({ network: true }, { network: true })).toBe("allow");
    expect(code({}, { write: ["/brain/out2"] })).toBe("approve");
    expect(code({ folders: ["/brain"] }, { write: ["/brain/out2"] })).toBe("allow");
    expect(code({ folders: ["/brain"] }, { write: ["/brain/out"] })).toBe("approve");
    expect(code({ folders: ["/brain"] }, { write: ["/brain"] })).toBe("approve");
    expect(code({ sandbox: undefined }, { write: ["/brain/x"], network: true })).toBe("allow");
  });

  it("an allow rule without an executable or without args is refused in the config", () => {
    expect(policySchema.safeParse([{ executable: "git", outcome: "allow" }]).success).toBe(false);
    expect(policySchema.safeParse([{ args: ["x"], outcome: "allow" }]).success).toBe(false);
    expect(policySchema.safeParse([{ kind: "code", outcome: "allow" }]).success).toBe(true);
    expect(policySchema.safeParse([{ executable: "bin/x", outcome: "deny" }]).success).toBe(false);
  });
});

describe("whatever a rule allows", () => {
  const anything = (executable: string, more: object = {}) => [
    { name: "wide", executable, args: [{ any: "rest" }], outcome: "allow", ...more },
  ];

  it.each([
    ["sh", ["-c", "id"]],
    ["/brain/harmless", ["-c", "id"]],
    ["bash", ["-o", "posix", "x.sh"]],
    ["bash", []],
    ["bash", ["/dev/stdin"]],
    ["node", ["-e", "1"]],
    ["node", ["--import", "data:text/javascript,1", "x.js"]],
    ["node", []],
    ["node", ["-r", "./x.js", "-pe", "1"]],
    ["python3", ["-Bc", "1"]],
    ["python3", ["-m", "timeit", "1"]],
    ["python3", ["-"]],
    ["perl", ["-lne", "1"]],
    ["ruby", ["-e1"]],
    ["awk", ['BEGIN{system("id")}']],
    ["sed", ["-n", "1e id"]],
    ["env", ["-i", "sh", "-c", "id"]],
    ["env", ["-S", "sh -c id"]],
    ["env", ["/brain/harmless", "x"]],
    ["env", ["./harmless", "x"]],
    ["timeout", ["5", "node", "-e", "1"]],
    ["nice", ["-n", "5", "nohup", "bash", "-c", "id"]],
    ["sudo", ["-s"]],
    ["xargs", ["sh", "-c", "id"]],
    ["find", [".", "-exec", "sh", "-c", "id", ";"]],
    ["tar", ["xf", "a.tar", "--checkpoint-act=exec=sh"]],
    ["tar", ["xIf", "sh", "a.tar"]],
    ["git", ["-c", "alias.x=!sh", "x"]],
    ["sort", ["--compress-program=sh", "x"]],
    ["rg", ["--pre", "sh", "x"]],
    ["man", ["-P", "sh", "ls"]],
    ["ssh", ["-oProxyCommand=sh", "host"]],
    ["/opt/python3.12-dbg", ["-c", "1"]],
    ["/opt/vim.basic", ["-c", "!id"]],
    ["/opt/perl5.38-x86_64-linux-gnu", ["-e", "1"]],
  ])("code given as text asks a person: %s %j", (asked, args) => {
    expect(outcome(anything(asked), asked, args)).toBe("approve");
    expect(judge(anything(asked, { inline: true }), asked, args, {}).reasons).not.toContain(
      "code given as text needs a rule with inline: true to run unasked",
    );
  });

  it("a rule that says inline: true allows it", () => {
    expect(outcome(anything("node", { inline: true }), "node", ["-e", "1"])).toBe("allow");
    expect(outcome(anything("sh", { inline: true }), "sh", ["-c", "id"])).toBe("allow");
  });

  it.each([
    ["node", ["build.js", "-e", "production"]],
    ["bash", ["./release.sh", "-c"]],
    ["python3", ["-m", "pytest", "-q"]],
    ["node", ["--version"]],
    ["git", ["log", "--oneline"]],
    ["timeout", ["5", "ls"]],
    ["tar", ["xzf", "a.tgz"]],
  ])("what is not code given as text goes by its rule: %s %j", (asked, args) => {
    expect(judge(anything(asked), asked, args)).toMatchObject({ outcome: "allow", rule: "wide" });
  });

  it("variables that make programs load something are refused unless the deciding rule lists them by name", () => {
    for (const name of [
      "LD_PRELOAD",
      "NODE_OPTIONS",
      "GIT_SSH_COMMAND",
      "GIT_EXTERNAL_DIFF",
      "npm_config_script_shell",
      "BASH_ENV",
      "ENV",
      "PYTHONSTARTUP",
      "PERL5OPT",
      "RUBYOPT",
      "PATH",
      "IFS",
    ]) {
      expect(outcome([], "ls", [], { env: [name] }), name).toBe("deny");
      expect(outcome(anything("ls", { env: [name.slice(0, 2) + "*"] }), "ls", [], { env: [name] }), name).toBe("deny");
      expect(outcome([{ executable: "ls", env: [name], outcome: "approve" }], "ls", [], { env: [name] })).toBe(
        "approve",
      );
    }
  });

  it("the brain's own files need a person", () => {
    for (const args of [
      ["/brain/.brains/secrets.env"],
      [".brains/brains.db"],
      ["x", "brains.yaml"],
      ["--out=brains.yaml"],
    ])
      expect(outcome(anything("cp"), "cp", args), args.at(-1)).toBe("approve");
    expect(outcome([], "cat", [".brains/secrets.env"])).toBe("approve");
  });

  it("the thresholds are enforced after the rule, and a deny wins", () => {
    const wide = anything("rm");
    const at = (thresholds: object) => judgeCommand(policyOf(wide, thresholds), commandOf("rm", ["-rf", "x"]));
    expect(at({ approve: 101 })).toMatchObject({ outcome: "allow", risk: 60 });
    expect(at({ approve: 60 })).toMatchObject({ outcome: "approve", risk: 60 });
    expect(at({})).toMatchObject({ outcome: "allow" });
    expect(at({ approve: 10, deny: 60 })).toMatchObject({ outcome: "deny" });
    expect(at({ approve: 10, deny: 61 })).toMatchObject({ outcome: "approve" });
    expect(outcome([{ executable: "ls", outcome: "deny" }], "ls", [])).toBe("deny");
  });

  it("the risk comes with its reasons", () => {
    const { risk, reasons } = judge([], "sudo", ["rm", "-rf", "/"]);
    expect(risk).toBeGreaterThanOrEqual(80);
    expect(reasons).toEqual(
      expect.arrayContaining(["acts as another user", "names a path outside of the working folders"]),
    );
    expect(judge([], "ls", ["-la"])).toMatchObject({ outcome: "allow", risk: 0, reasons: [] });
    expect(judge([], "unheard-of", [])).toMatchObject({ outcome: "approve", risk: 20 });
  });
});

describe("without any rule of the config", () => {
  it.each([
    ["ls", []],
    ["ls", ["-la", "docs"]],
    ["cat", ["-n", "a.md"]],
    ["head", ["-n", "5", "a.md"]],
    ["tail", ["-n", "+5", "-f", "a.md"]],
    ["tail", ["-f", "a.md"]],
    ["grep", ["-n", "-A", "3", "todo", "a.md", "b.md"]],
    ["wc", ["-l", "a.md"]],
    ["du", ["-sh", "."]],
    ["date", ["+%s"]],
    ["uname", ["-a"]],
    ["echo", ["-e", "a; b"]],
  ])("what only reads runs: %s %j", (asked, args) => {
    expect(judge([], asked, args)).toMatchObject({ outcome: "allow", risk: 0 });
  });

  it.each([
    ["find", [".", "-name", "x"]],
    ["find", [".", "-delete"]],
    ["sort", ["-o", "x", "y"]],
    ["git", ["status"]],
    ["grep", ["-r", "TOKEN", "."]],
    ["grep", ["-f", "/etc/shadow", "x"]],
    ["cat", ["/etc/passwd"]],
    ["cat", ["-"]],
    ["head", ["-c", "100", "../x"]],
    ["ls", ["/"]],
    ["wc", ["--files0-from=x"]],
    ["date", ["-s", "yesterday"]],
    ["date", ["-f", "x"]],
    ["sed", ["-n", "1p", "x"]],
    ["rm", ["x"]],
    ["cp", ["a", "b"]],
    ["tar", ["tf", "x"]],
    ["man", ["ls"]],
    ["sh", ["x.sh"]],
    ["node", ["x.js"]],
    ["env", []],
    ["nothing-like-it", []],
  ])("everything else waits for a person: %s %j", (asked, args) => {
    expect(outcome([], asked, args)).toBe("approve");
  });
});
