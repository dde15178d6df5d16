import { readFileSync, realpathSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { MARK_NAME, startProgram } from "../src/index.ts";
import { linuxTable } from "../src/system/process-table.ts";
import { PATH, marked, run, start, temporaryFolder, tiers, wearing } from "./kit.ts";

describe.each(tiers)("on the tier %s", (tier) => {
  test.each([0, 3, 137])("exit code %i stays what it is", async (code) => {
    const ending = await run(`exit ${code}`, { tier });
    expect(ending).toMatchObject({ code, signal: null, cause: "itself", stopped: undefined });
  });

  test.each(["SIGKILL", "SIGTERM"])("a death by %s is no exit code", async (signal) => {
    const ending = await run(`kill -${signal.slice(3)} $$; sleep 20`, { tier });
    expect(ending).toMatchObject({ code: null, signal, cause: "itself" });
  });

  test("the program gets its arguments, folder and environment, and nothing else", async () => {
    const folder = temporaryFolder();
    const link = join(temporaryFolder(), "link");
    symlinkSync(folder, link);
    const script = 'printf "%s|" "$@"; pwd; env | sort; test -e /proc/$$/fd/3 || echo none';
    const hostile = ["$(id)", "`id`", "a b", "'", '"', "-n", "new\nline", "*", ""];
    const ending = await run("", {
      tier,
      cwd: link,
      args: ["-c", script, "sh", ...hostile],
      env: { ...PATH, GREETING: "'hi' $HOME" },
    });
    const [args, ...lines] = splitArguments(ending.text);
    expect(args).toEqual(hostile);
    const real = realpathSync(folder);
    const environment = lines.slice(1, -2).filter((line) => !/^(_|SHLVL|OLDPWD)=/.test(line));
    expect(lines[0]).toBe(real);
    expect(environment.map((line) => line.replace(/=[0-9a-f]{32}$/, "=mark")).sort()).toEqual(
      [`${MARK_NAME}=mark`, "GREETING='hi' $HOME", "PATH=/usr/bin:/bin", `PWD=${real}`].sort(),
    );
    // The lifeline is not its own.
    expect(lines.at(-2)).toBe("none");
  });

  test("a program that waits for all its children does not wait for the watcher", async () => {
    const perl = 'fork or exit 3; 1 while wait != -1; print "alone\\n"';
    const ending = await run("", { tier, file: "/usr/bin/perl", args: ["-e", perl], timeout: 10_000 });
    expect(ending).toMatchObject({ code: 0, text: "alone\n" });
  });

  // Outside a namespace they are init's.
  test.skipIf(tier === "group")("orphans that end are not left as zombies", async () => {
    const program = await start("for i in 1 2 3 4 5; do (sleep 0.1 &); done; echo ready; exec sleep 20", { tier });
    await expect.poll(() => program.text()).toBe("ready\n");
    const ended = () => linuxTable.all().filter((entry) => entry.session === program.pid && entry.ended);
    await expect.poll(() => marked(program.mark).length).toBe(2);
    await expect.poll(ended).toEqual([]);
    expect(marked(program.mark)).not.toEqual([]);
  });

  test("one pipe for both streams keeps their exact order", async () => {
    const lines = "for i in 1 2 3 4 5 6 7 8; do echo out $i; echo err $i >&2; done";
    const ending = await run(lines, { tier, output: "together" });
    expect(ending.text).toBe([1, 2, 3, 4, 5, 6, 7, 8].map((i) => `out ${i}\nerr ${i}\n`).join(""));
  });
});

function splitArguments(text: string): [string[], ...string[]] {
  const end = text.lastIndexOf("|");
  return [text.slice(0, end).split("|"), ...text.slice(end + 1).split("\n")];
}

test.skipIf(!tiers.includes("namespace"))(
  "a tier that does not work here refuses the program, and says why",
  async () => {
    // Who may make no namespaces: nobody may.
    const args = ["--reuid=65534", "--regid=65534", "--clear-groups", process.execPath, "--input-type=module", "-e"];
    const code = `const { startProgram } = await import(${JSON.stringify(join(import.meta.dirname, "../src/index.ts"))});
    const spec = { file: "/bin/true", cwd: "/", env: {}, tier: "namespace" };
    const program = await startProgram(spec, { output: ({ bytes }) => console.log("output", String(bytes)) });
    await program.ended.catch((error) => console.log(error.code, error.message));`;
    const ending = await run("", { file: "/usr/bin/setpriv", args: [...args, code] });
    expect(ending.text).toMatch(/^PROGRAM_NOT_STARTED .*unshare failed: Operation not permitted\n$/);
  },
);

test("a program that ended leaves no watcher", async () => {
  const program = await start("exit 0");
  await program.ended;
  await expect.poll(() => wearing(`brains-watch-${program.mark}`)).toEqual([]);
});

test("it ends a moment after the program, not when the last holder of its output does", async () => {
  const ending = await run("sleep 60 & echo done", { drain: 50 });
  expect(ending).toMatchObject({ code: 0, cause: "itself", text: "done\n", outputCut: false });
  expect(ending.stopped).toMatchObject({ stopped: 1, left: [] });
  expect(ending.ms).toBeLessThan(30_000);
});

test("output of a child that outlives the program a little is not lost", async () => {
  const ending = await run("(sleep 0.1; echo late) & exit 0", { drain: 10_000 });
  expect(ending).toMatchObject({ code: 0, text: "late\n", stopped: undefined });
});

test("somebody unseen who holds the output is not waited for", async () => {
  // Out of the group, without its mark and its parent: nobody knows it any more.
  const folder = temporaryFolder();
  const ending = await run(`(setsid env -i /bin/sh -c 'echo $$ >${folder}/pid; exec sleep 60' &) ; sleep 0.2; exit 4`);
  expect(ending).toMatchObject({ code: 4, outputCut: true });
  process.kill(Number(readFileSync(join(folder, "pid"), "utf8")), "SIGKILL");
});

test.each([
  ["PROGRAM_NOT_FOUND", { file: "/nowhere/program" }],
  ["PROGRAM_NOT_FOUND", { file: "/tmp" }],
  ["INVALID_PROGRAM", { file: "sh" }],
  ["INVALID_PROGRAM", { cwd: "/nowhere" }],
  ["INVALID_PROGRAM", { cwd: "." }],
  ["INVALID_PROGRAM", { args: ["a\0b"] }],
  ["INVALID_PROGRAM", { timeout: -1 }],
  ["INVALID_PROGRAM", { mark: "short" }],
  ["INVALID_ENVIRONMENT", { env: { "a-b": "c" } }],
  ["INVALID_ENVIRONMENT", { env: { [MARK_NAME]: "mine" } }],
  ["PROGRAM_NOT_STARTED", { args: ["x".repeat(10_000_000)] }],
])("what cannot be started is refused with %s: %o", async (code, spec) => {
  const sinks = { output: () => undefined };
  const started = startProgram({ file: "/bin/sh", cwd: "/tmp", env: {}, ...spec }, sinks);
  await expect(started).rejects.toMatchObject({ code });
});
