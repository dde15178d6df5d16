import crypto from "node:crypto";
import { syncBuiltinESMExports } from "node:module";

/** The simulation's own use of what it takes away from the code under test. */
export const real = {
  setImmediate: globalThis.setImmediate,
  now: performance.now.bind(performance),
};

/** Longer than any history: an interval that only keeps its process alive. */
const FOREVER_MS = 2 ** 30;

/**
 * From here on, code of the queue that asks the machine itself for time, chance or a turn of the event loop is told of to `leaked`. Others
 * (the runner of the tests, the generator of histories) go on as before.
 */
export function trapLeaks(sourceFolder: string, leaked: (what: string) => void): void {
  const guard = <Call extends (...input: never[]) => unknown>(name: string, call: Call): Call =>
    ((...input: Parameters<Call>) => {
      if (new Error("where").stack?.includes(sourceFolder)) leaked(name);
      return call(...input);
    }) as Call;
  const { setInterval, setTimeout } = globalThis;
  const RealDate = Date;
  Math.random = guard("Math.random", Math.random);
  performance.now = guard("performance.now", real.now);
  globalThis.setTimeout = Object.assign(guard("setTimeout", setTimeout), setTimeout);
  globalThis.setImmediate = Object.assign(guard("setImmediate", real.setImmediate), real.setImmediate);
  const guarded = guard("setInterval", setInterval);
  globalThis.setInterval = ((run: () => void, ms: number) =>
    (ms >= FOREVER_MS ? setInterval : guarded)(run, ms)) as typeof setInterval;
  const now = guard("Date.now", RealDate.now);
  const make = guard("new Date()", () => new RealDate());
  globalThis.Date = new Proxy(RealDate, {
    construct: (target, input: unknown[]) => (input.length === 0 ? make() : Reflect.construct(target, input)) as Date,
    get: (target, name) => (name === "now" ? now : Reflect.get(target, name)) as unknown,
  });
  crypto.randomBytes = guard("randomBytes", crypto.randomBytes as () => Buffer) as typeof crypto.randomBytes;
  crypto.randomUUID = guard("randomUUID", crypto.randomUUID as () => never) as typeof crypto.randomUUID;
  syncBuiltinESMExports();
}
