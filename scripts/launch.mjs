// `npm start` and `npm test`: set up what is missing, then become the program that was asked for.
// @ts-check
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { endLike, runChild } from "./child.mjs";
import { EXIT_SETUP_FAILED } from "./setup-plan.mjs";
import { SetupError, SetupInterrupted, setUp } from "./setup.mjs";

const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** @type {Record<string, string>} */
const TARGETS = { start: "apps/brain/src/main.ts", test: "scripts/check.ts" };

/** @param {string[]} argv */
export async function launch([target = "start", ...args]) {
  const script = TARGETS[target];
  if (!script) throw new Error(`unknown target ${target}: one of ${Object.keys(TARGETS).join(", ")}`);
  try {
    const { node, path } = await setUp(root);
    const env = {
      ...process.env,
      PATH: [...path, process.env["PATH"]].join(delimiter),
      INIT_CWD: process.env["INIT_CWD"] ?? process.cwd(),
    };
    endLike(await runChild(node, [join(root, script), ...args], { cwd: root, env, stdio: "inherit" }));
  } catch (error) {
    if (error instanceof SetupInterrupted) return endLike({ code: null, signal: error.signal });
    if (!(error instanceof SetupError)) throw error;
    process.stderr.write(`brains: ${error.message}\n`);
    process.exitCode = EXIT_SETUP_FAILED;
  }
}
