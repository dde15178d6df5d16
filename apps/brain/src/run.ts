import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { runCli } from "@brains/cli";
import { createApp } from "./app.ts";

/** The checkout, when the app runs from one. */
const CHECKOUT = dirname(dirname(dirname(dirname(fileURLToPath(import.meta.url)))));

/** One `brains` command in this process. Resolves to its exit code. */
export async function run(argv: readonly string[]): Promise<number> {
  const { stdin, stdout, stderr, env } = process;
  // `npm start` runs in the checkout and says in INIT_CWD where the person is; without arguments it is the demonstration.
  const fromNpm = env["INIT_CWD"] !== undefined && process.cwd() === CHECKOUT;
  const cwd = fromNpm ? (env["INIT_CWD"] ?? CHECKOUT) : process.cwd();
  const words = fromNpm && argv.length === 0 ? ["demo"] : argv;
  return runCli({ argv: words, stdin, stdout, stderr, env, cwd, app: createApp(CHECKOUT) });
}
