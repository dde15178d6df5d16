import { monitorEventLoopDelay } from "node:perf_hooks";

/** Watches how long the event loop was away, at worst, until `end` is called: milliseconds beyond what an idle loop shows. */
export function watchLoop(): { end(): number } {
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  return {
    end() {
      delay.disable();
      return delay.max / 1e6;
    },
  };
}
