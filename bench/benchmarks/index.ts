import type { Benchmark } from "../benchmark.ts";
import { bytes } from "./bytes.ts";
import { cancel } from "./cancel.ts";
import { control } from "./control.ts";
import { dueAtOnce } from "./due-at-once.ts";
import { enqueueManyPower, enqueueManyProcess } from "./enqueue-many.ts";
import { enqueueOnePower, enqueueOneProcess } from "./enqueue-one.ts";
import { events } from "./events.ts";
import { history } from "./history.ts";
import { largeBatch } from "./large-batch.ts";
import { latencyTwo } from "./latency-two.ts";
import { latency } from "./latency.ts";
import { logs } from "./logs.ts";
import { manyTypes } from "./many-types.ts";
import { memory } from "./memory.ts";
import { processPower, processProcess } from "./process.ts";
import { progress } from "./progress.ts";
import { takeover } from "./takeover.ts";
import { whileRunning } from "./while-running.ts";

/** In the order of the page. */
export const BENCHMARKS: readonly Benchmark[] = [
  enqueueOneProcess,
  enqueueOnePower,
  enqueueManyProcess,
  enqueueManyPower,
  processProcess,
  processPower,
  latency,
  latencyTwo,
  history,
  takeover,
  cancel,
  control,
  events,
  whileRunning,
  manyTypes,
  dueAtOnce,
  largeBatch,
  progress,
  logs,
  memory,
  bytes,
];
