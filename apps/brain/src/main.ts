#!/usr/bin/env -S node --disable-warning=ExperimentalWarning
// Tiny on purpose: every command loads this file, and what it imports before the compile cache is on is compiled anew each time.
import { enableCompileCache } from "node:module";
import { appVersion } from "./version.ts";

const argv = process.argv.slice(2);

if (argv.length === 1 && (argv[0] === "--version" || argv[0] === "-V")) {
  process.stdout.write(`${appVersion()}\n`);
} else {
  enableCompileCache();
  const { run } = await import("./run.ts");
  // The parts leave their timers unreferenced, so that none of them keeps a process alive; a command under way must.
  const underWay = setInterval(() => undefined, 2 ** 30);
  process.exitCode = await run(argv);
  clearInterval(underWay);
}
