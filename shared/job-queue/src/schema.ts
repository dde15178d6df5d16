import { createRequire } from "node:module";
import type * as Core from "drizzle-orm/sqlite-core";

const { integer, real, sqliteTable, text } = createRequire(import.meta.url)("drizzle-orm/sqlite-core") as typeof Core;

// The tables as the query builder sees them. migrations.ts decides; a test compares the two column by column.

export const laneTable = sqliteTable("bq_lane", {
  id: integer().primaryKey(),
  type: text().notNull(),
});

export const jobTable = sqliteTable("bq_job", {
  id: integer().primaryKey(),
  lane: integer().notNull(),
  state: integer().notNull(),
  sort: integer().notNull(),
  runAt: integer("run_at").notNull(),
  run: integer().notNull(),
  attempt: integer().notNull(),
  maxAttempts: integer("max_attempts").notNull(),
  fence: integer().notNull(),
  crashes: integer().notNull(),
  flags: integer().notNull(),
  control: integer().notNull(),
  worker: integer(),
  batch: integer(),
  dkey: text(),
  reason: text(),
  startedAt: integer("started_at"),
  endedAt: integer("ended_at"),
  waits: integer(),
});

export const bodyTable = sqliteTable("bq_body", {
  id: integer().primaryKey(),
  secret: text().notNull(),
  label: text(),
  unit: text(),
  priority: integer().notNull(),
  timeout: integer(),
  backoff: text(),
  origin: text(),
  principal: text(),
  conversation: text(),
  pluginVersion: text("plugin_version"),
  handlerVersion: text("handler_version"),
  createdAt: integer("created_at").notNull(),
  data: text().notNull(),
  sum: integer(),
});

export const resultTable = sqliteTable("bq_result", {
  id: integer().primaryKey(),
  error: text(),
  result: text(),
  sum: integer(),
});

export const progressTable = sqliteTable("bq_progress", {
  id: integer().primaryKey(),
  seq: integer().notNull(),
  run: integer().notNull(),
  current: real().notNull(),
  total: real(),
  unit: text(),
  message: text(),
  details: text(),
  at: integer().notNull(),
});

export const batchTable = sqliteTable("bq_batch", {
  id: integer().primaryKey(),
  secret: text().notNull(),
  state: integer().notNull(),
  open: integer().notNull(),
  policy: text().notNull(),
  run: integer().notNull(),
  control: integer().notNull(),
  reason: text(),
  label: text(),
  unit: text(),
  plugin: text(),
  priority: integer().notNull(),
  total: integer().notNull(),
  processing: integer().notNull(),
  completed: integer().notNull(),
  failed: integer().notNull(),
  cancelled: integer().notNull(),
  planners: integer().notNull(),
  planned: integer().notNull(),
  origin: text(),
  principal: text(),
  conversation: text(),
  createdAt: integer("created_at").notNull(),
  startedAt: integer("started_at"),
  endedAt: integer("ended_at"),
  staged: integer().notNull(),
});

export const requestTable = sqliteTable("bq_request", {
  id: integer().primaryKey(),
  secret: text().notNull(),
  job: integer().notNull(),
  run: integer().notNull(),
  name: text().notNull(),
  question: text().notNull(),
  choices: text().notNull(),
  details: text(),
  digest: text(),
  onReject: text("on_reject").notNull(),
  state: integer().notNull(),
  createdAt: integer("created_at").notNull(),
  expiresAt: integer("expires_at"),
  choice: text(),
  comment: text(),
  principal: text(),
  interface: text(),
  decidedAt: integer("decided_at"),
});

export const workerTable = sqliteTable("bq_worker", {
  id: integer().primaryKey(),
  pid: integer().notNull(),
  state: text().notNull(),
  lock: text(),
  fingerprint: text(),
  concurrency: integer().notNull(),
  startedAt: integer("started_at").notNull(),
  seenAt: integer("seen_at").notNull(),
  endedAt: integer("ended_at"),
  processStart: text("process_start"),
});
