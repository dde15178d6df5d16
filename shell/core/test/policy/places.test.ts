import { chmod, mkdir, symlink } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { judgeCommand } from "../../src/programs/policy/judge.ts";
import { isInside, systemOf } from "../../src/programs/policy/places.ts";
import { createPolicy } from "../../src/programs/policy/policy.ts";
import { policySchema, thresholdsSchema } from "../../src/programs/policy/schema.ts";
import { tempFolder } from "../temp-folder.ts";

async function machine() {
  const dir = await tempFolder({
    "brain/docs/a.md": "",
    "outside/deep/b.md": "",
    "bin/read": "#!/bin/sh\n",
    "other/read": "#!/bin/sh\n",
  });
  await chmod(join(dir, "bin/read"), 0o755);
  await chmod(join(dir, "other/read"), 0o755);
  await mkdir(join(dir, "first"));
  await mkdir(join(dir, "brain2"));
  await symlink(join(dir, "outside/deep"), join(dir, "brain/out"));
  await symlink(join(dir, "outside/not-there"), join(dir, "brain/dangling"));
  await symlink("round", join(dir, "brain/round"));
  const policy = createPolicy({
    rules: policySchema.parse([
      { name: "read", executable: "read", args: ["**"], folders: ["docs", "$folders"], outcome: "allow" },
      { name: "outside", folders: ["../outside"], outcome: "deny" },
    ]),
    thresholds: thresholdsSchema.parse(undefined),
    brainDir: join(dir, "brain"),
    folders: [join(dir, "brain")],
    protected: [],
    searchPath: `${join(dir, "first")}:${join(dir, "bin")}`,
  });
  const outcome = (args: string[], executable = "bin/read") =>
    judgeCommand(policy, {
      executable: join(dir, executable),
      asked: "read",
      args,
      cwd: join(dir, "brain"),
      env: [],
      kind: "command",
    }).outcome;
  return { dir, outcome };
}

it("a path is where it really leads: through links, back from behind them, and to what is not there yet", async () => {
  const { dir, outcome } = await machine();
  for (const inside of ["docs/a.md", "not/there/yet", "docs/../docs/a.md", join(dir, "brain/new")])
    expect(outcome([inside]), inside).toBe("allow");
  for (const outside of ["out/b.md", "out", "dangling", "dangling/x", "out/new", join(dir, "outside")])
    expect(outcome([outside]), outside).toBe("deny");
  // Read before links it stays in the brain's folder, read after them it leaves it.
  expect(outcome(["out/../x"])).toBe("deny");
  expect(outcome([join(dir, "brain2/x")])).toBe("approve");
  expect(outcome(["round/x"]), "a link to itself leads nobody can say where").toBe("deny");
  expect(outcome([`${"./".repeat(3000)}out/b.md`]), "a path that is too long to look up").not.toBe("allow");
  expect(outcome(["a text that no file can be called: ".repeat(20)])).toBe("allow");
});

it("a rule's name stays the file that it meant first, whatever comes before it on the PATH later", async () => {
  const { dir, outcome } = await machine();
  expect(outcome(["docs/a.md"])).toBe("allow");
  await symlink(join(dir, "other/read"), join(dir, "first/read"));
  expect(outcome(["docs/a.md"], "other/read")).not.toBe("allow");
  expect(outcome(["docs/a.md"])).toBe("allow");
});

it("a folder holds itself and what is below it", () => {
  expect(isInside("/a", "/a")).toBe(true);
  expect(isInside("/a/b", "/a")).toBe(true);
  expect(isInside("/ab", "/a")).toBe(false);
  expect(isInside("/", "/a")).toBe(false);
  expect(isInside("/a", "/")).toBe(true);
});

it("a relative path and one with a NUL lead nowhere", () => {
  const { realPlace, findExecutable } = systemOf("/usr/bin");
  expect(realPlace("a")).toBeUndefined();
  expect(realPlace("/a\0b")).toBeUndefined();
  expect(findExecutable("./sh")).toBeUndefined();
});
