import { randomBytes } from "node:crypto";
import { watch } from "node:fs";
import type { Loop, Ports } from "./ports.ts";
import { systemProcesses } from "./processes.ts";

const LONGEST_TIMER_MS = 2 ** 31 - 1;
const POOL_BYTES = 4096;

let pool = Buffer.alloc(0);

/** Random bytes cost mostly by the call, and every id needs some; no byte is handed out twice. */
function pooledBytes(length: number): Uint8Array {
  if (length > pool.length) pool = randomBytes(Math.max(POOL_BYTES, length));
  const bytes = pool.subarray(0, length);
  pool = pool.subarray(length);
  return bytes;
}

const systemLoop: Loop = {
  elapsed: () => performance.now(),
  soon: (callback) => void setImmediate(callback),
  after: (ms, callback) => void setTimeout(callback, ms),
  every(ms, callback) {
    const timer = setInterval(callback, ms).unref();
    return () => clearInterval(timer);
  },
  watch(folder, callback) {
    try {
      const watcher = watch(folder, { persistent: false }, (_event, file) => callback(file));
      // A folder that went away.
      watcher.on("error", () => watcher.close());
      return () => watcher.close();
    } catch {
      // Out of watches.
      return () => undefined;
    }
  },
};

export const systemPorts: Ports = {
  clock: {
    now: () => Date.now(),
    timer: (ms, callback) => {
      let timer: NodeJS.Timeout;
      // In pieces: setTimeout takes 24.8 days at most and fires at once when given more.
      const wait = (left: number) => {
        timer = setTimeout(
          () => (left > LONGEST_TIMER_MS ? wait(left - LONGEST_TIMER_MS) : callback()),
          Math.min(left, LONGEST_TIMER_MS),
        );
        timer.unref();
      };
      wait(ms);
      return () => clearTimeout(timer);
    },
  },
  random: { fraction: () => Math.random(), bytes: pooledBytes },
  loop: systemLoop,
  processes: systemProcesses,
  point: () => undefined,
};
