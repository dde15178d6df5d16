// The launcher stands between a shell and the program: neither may notice.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { expect, test } from "vitest";
import { root } from "./packages.ts";

const LAUNCHER = `
import { endLike, runChild } from ${JSON.stringify(join(root, "scripts/child.mjs"))};
endLike(await runChild(process.execPath, ["-e", process.argv[1]], { stdio: "inherit" }));
`;

function launch(program: string) {
  const child = spawn(process.execPath, ["--input-type=module", "-e", LAUNCHER, program], { stdio: "pipe" });
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => (output += chunk));
  return { child, ended: once(child, "close"), output: () => output };
}

test.each([0, 1, 7, 130])("exit code %i goes through", async (code) => {
  expect(await launch(`process.exit(${code})`).ended).toEqual([code, null]);
});

test.each(["SIGTERM", "SIGINT", "SIGKILL"])("death by %s goes through", async (signal) => {
  expect(await launch(`process.kill(process.pid, "${signal}"); setInterval(() => {}, 1000)`).ended).toEqual([
    null,
    signal,
  ]);
});

test.each(["SIGTERM", "SIGINT", "SIGHUP"] as const)("%s reaches the program, and its answer counts", async (signal) => {
  const program = `process.on("${signal}", () => process.exit(9)); setInterval(() => {}, 1000); console.log("ready")`;
  const launched = launch(program);
  await once(launched.child.stdout, "data");
  launched.child.kill(signal);
  expect(await launched.ended).toEqual([9, null]);
});

test("input and output are the program's own", async () => {
  const launched = launch(`process.stdin.pipe(process.stdout)`);
  launched.child.stdin.end("{}\n");
  await launched.ended;
  expect(launched.output()).toBe("{}\n");
});
