import { existsSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { problemOfBwrap } from "../../src/programs/sandbox.ts";
import { programSettings } from "../../src/programs/settings.ts";
import { tempFolder } from "../temp-folder.ts";
import { ALLOW_ALL, SH, asked, ended, programShell } from "./kit.ts";

const hasBwrap = (await problemOfBwrap(programSettings({ brainDir: "/", home: "/" }))) === undefined;

test("without bwrap it is refused, and nothing runs", async () => {
  const empty = await tempFolder();
  await using brain = await programShell({ ...ALLOW_ALL, path: empty });
  const job = await ended(
    brain,
    await brain.ask({ ...SH("touch ran"), command: "/bin/sh", sandbox: { kind: "bwrap", write: ["."] } }),
  );
  expect(job).toMatchObject({ state: "failed", error: { code: "PROGRAM_SANDBOX" } });
  expect(existsSync(join(brain.brainDir, "ran"))).toBe(false);
});

test.runIf(hasBwrap)(
  "bwrap: all is read-only but the named folders, the home is not there, and no network",
  async () => {
    await using brain = await programShell(ALLOW_ALL);
    const work = await brain.folder("work");
    await brain.folder("other");
    await writeFile(join(brain.home, "in-home"), "secret");
    const script = [
      "echo x > written",
      "echo x > ../other/written || echo refused-other",
      "echo x > /etc/written || echo refused-etc",
      `cat ${brain.home}/in-home || echo no-home`,
      "grep -c : /proc/net/dev",
      "exit 4",
    ].join("\n");
    const id = await brain.ask({ ...SH(script), cwd: "work", sandbox: { kind: "bwrap", write: ["."] } });
    const job = await ended(brain, id);
    expect(job).toMatchObject({ state: "completed", result: { code: 4 } });
    const said = (await brain.logs(id)).lines.filter(({ stream }) => stream === "stdout").map(({ text }) => text);
    expect(said).toEqual(["refused-other", "refused-etc", "no-home", "1"]);
    expect(await readFile(join(work, "written"), "utf8")).toBe("x\n");
    expect(existsSync(join(brain.brainDir, "other", "written"))).toBe(false);
  },
);

test.runIf(hasBwrap)("bwrap: the config is not writable in a folder that is", async () => {
  await using brain = await programShell({ ...ALLOW_ALL, thresholds: { approve: 101, deny: 101 } });
  await writeFile(join(brain.brainDir, "brains.yaml"), "name: mine\n");
  const id = await brain.ask({ ...SH("echo x > new; echo x > brains.yaml"), sandbox: { kind: "bwrap", write: ["."] } });
  await asked(brain, id);
  await brain.decide(id, "approve");
  expect(existsSync(join(brain.brainDir, "new"))).toBe(true);
  expect(await readFile(join(brain.brainDir, "brains.yaml"), "utf8")).toBe("name: mine\n");
});

test.runIf(hasBwrap)("bwrap: a writable folder outside of the configured ones is refused", async () => {
  await using brain = await programShell(ALLOW_ALL);
  const job = await ended(brain, await brain.ask({ ...SH("true"), sandbox: { kind: "bwrap", write: ["/etc"] } }));
  expect(job.error?.code).toBe("PROGRAM_FOLDER");
});
