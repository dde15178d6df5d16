import { expect, test } from "vitest";
import { Doorbell } from "../src/doorbell.ts";
import type { Loop } from "../src/ports.ts";
import type { Database } from "../src/sqlite.ts";
import { systemPorts } from "../src/system-ports.ts";

/** A doorbell at a store whose version the test sets, and whose file events and timers it sets off. */
function doorbell() {
  const store = { version: 1 };
  const timers = new Map<() => void, number>();
  let fileEvent = (_file: string | null): void => undefined;
  let rings = 0;
  const loop: Loop = {
    ...systemPorts.loop,
    every(ms, callback) {
      timers.set(callback, ms);
      return () => void timers.delete(callback);
    },
    watch(_folder, callback) {
      fileEvent = callback;
      return () => undefined;
    },
  };
  const db = { open: true, inTransaction: false, prepare: () => ({ pluck: () => ({ get: () => store.version }) }) };
  const rung = (): void => void (rings += 1);
  const bell = new Doorbell(db as unknown as Database, "/q/q.db", loop, rung, (error) => {
    throw error;
  });
  return {
    store,
    bell,
    fileEvent: (file: string) => fileEvent(file),
    /** Lets the timers of less than `ms` fire. */
    tick: (ms: number) => [...timers].filter(([, every]) => every < ms).forEach(([callback]) => callback()),
    timers: () => timers.size,
    rings: () => rings,
  };
}

test("a commit whose file event came before it could be seen rings within milliseconds", () => {
  const { store, fileEvent, tick, rings } = doorbell();
  fileEvent("q.db-wal");
  tick(10);
  expect(rings()).toBe(0);
  store.version = 2;
  tick(10);
  expect(rings()).toBe(1);
  tick(10);
  expect(rings()).toBe(1);
});

test("an event of an own commit is looked after for a moment only, and other files not at all", () => {
  const { fileEvent, tick, timers } = doorbell();
  fileEvent("q.db-shm");
  expect(timers()).toBe(1);
  fileEvent("q.db-wal");
  expect(timers()).toBe(2);
  for (let looks = 0; looks < 100; looks++) tick(10);
  expect(timers()).toBe(1);
});
