// `npm start`, `npm test` and the command `brains` of a checkout: set up what is missing, then become what was asked for.
// @ts-check
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { endLike, runChild } from "./child.mjs";
import { EXIT_SETUP_FAILED } from "./setup-plan.mjs";
import { SetupError, SetupInterrupted, setUp } from "./setup.mjs";

const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** @type {Record<string, string>} */
const TARGETS = {
  start: "apps/brain/src/main.ts",
  brains: "apps/brain/src/main.ts",
  test: "scripts/check.ts",
  bench: "bench/main.ts",
  sim: "shared/job-queue/sim/main.ts",
  storm: "shared/job-queue/storm/main.ts",
  programs: "shared/process/storm/main.ts",
  runtimes: "scripts/runtimes.ts",
  conformance: "apps/brain/conformance/main.ts",
};

/**
 * What runs, and where. npm's scripts run in the checkout and say in INIT_CWD where the person is; `brains` runs where
 * the person is, as if it were installed, whatever npm script may be around it.
 * @param {string} target
 * @param {{ cwd: string, initCwd: string | undefined }} from
 */
export function planLaunch(target, { cwd, initCwd }) {
  const script = TARGETS[target];
  if (!script) throw new Error(`unknown target ${target}: one of ${Object.keys(TARGETS).join(", ")}`);
  const place = target === "brains" ? { cwd, INIT_CWD: undefined } : { cwd: root, INIT_CWD: initCwd ?? cwd };
  return { script: join(root, script), ...place };
}

/** @param {string[]} argv */
export async function launch([target = "start", ...args]) {
  const { script, cwd, INIT_CWD } = planLaunch(target, { cwd: process.cwd(), initCwd: process.env["INIT_CWD"] });
  try {
    const { node, path } = await setUp(root);
    const env = {
      ...process.env,
      PATH: [...path, process.env["PATH"]].join(delimiter),
      INIT_CWD,
    };
    endLike(await runChild(node, [script, ...args], { cwd, env, stdio: "inherit" }));
  } catch (error) {
    if (error instanceof SetupInterrupted) return endLike({ code: null, signal: error.signal });
    if (!(error instanceof SetupError)) throw error;
    process.stderr.write(`brains: ${error.message}\n`);
    process.exitCode = EXIT_SETUP_FAILED;
  }
}
