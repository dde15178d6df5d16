import type { Shell } from "@brains/shell";

/** What `shell.follow` reports. */
export type WorkChange = Parameters<Parameters<Shell["follow"]>[1]>[0];
export type JobChangeEvent = Extract<WorkChange, { kind: "job" }>;
export type BatchChangeEvent = Extract<WorkChange, { kind: "batch" }>;
