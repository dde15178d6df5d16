export { type ManualClock, manualClock, turns } from "./clock.ts";
export { JobSpy, type Selector } from "./spy.ts";
export { type TestQueue, crashAt, openTestQueue } from "./queue.ts";
