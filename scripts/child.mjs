// Runs a program as if it had been started in our place: it gets the signals, we take over how it ended.
// @ts-check
import { spawn } from "node:child_process";
import { isatty } from "node:tty";

/** @type {NodeJS.Signals[]} */
const FORWARDED = ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT"];

/** @typedef {{ code: number | null, signal: NodeJS.Signals | null, received: NodeJS.Signals | undefined }} Ending */

/**
 * @param {string} command
 * @param {string[]} args
 * @param {import("node:child_process").SpawnOptions} options
 * @param {(chunk: string) => void} [onOutput] where stdout and stderr go if they are piped
 * @returns {Promise<Ending>}
 */
export function runChild(command, args, options, onOutput = () => {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, options);
    /** @type {NodeJS.Signals | undefined} */
    let received;
    /** @param {NodeJS.Signals} signal */
    const forward = (signal) => {
      received = signal;
      if (!comesFromKeyboard(signal)) child.kill(signal);
    };
    const stopForwarding = () => FORWARDED.forEach((signal) => process.off(signal, forward));
    FORWARDED.forEach((signal) => process.on(signal, forward));
    child.stdout?.setEncoding("utf8").on("data", onOutput);
    child.stderr?.setEncoding("utf8").on("data", onOutput);
    child.once("error", (error) => {
      stopForwarding();
      reject(error);
    });
    child.once(child.stdout ? "close" : "exit", (code, signal) => {
      stopForwarding();
      resolve({ code, signal, received });
    });
  });
}

/**
 * A terminal sends these to the whole foreground group, so the child has them already; a second one would mean "force".
 * @param {NodeJS.Signals} signal
 */
function comesFromKeyboard(signal) {
  const onTerminal = [0, 1, 2].some((fd) => isatty(fd));
  return onTerminal && (signal === "SIGINT" || signal === "SIGQUIT");
}

/**
 * End as the child did, so that a shell or a supervisor sees no difference.
 * @param {Pick<Ending, "code" | "signal">} ending
 */
export function endLike({ code, signal }) {
  if (signal) process.kill(process.pid, signal);
  else process.exitCode = code ?? 1;
}
