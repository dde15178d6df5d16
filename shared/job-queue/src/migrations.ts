/** The store's schema, oldest first. Never edit an entry that was released: add the next one. `PRAGMA user_version` is left to the host application. */
export const MIGRATIONS: readonly string[] = [
  `
CREATE TABLE bq_lane (
  id INTEGER PRIMARY KEY,
  type TEXT NOT NULL UNIQUE
) STRICT;

CREATE TABLE bq_job (
  id INTEGER PRIMARY KEY,
  lane INTEGER NOT NULL,
  state INTEGER NOT NULL,
  sort INTEGER NOT NULL,
  run_at INTEGER NOT NULL,
  run INTEGER NOT NULL DEFAULT 1,
  attempt INTEGER NOT NULL DEFAULT 0,
  max_attempts INTEGER NOT NULL,
  fence INTEGER NOT NULL DEFAULT 0,
  crashes INTEGER NOT NULL DEFAULT 0,
  flags INTEGER NOT NULL DEFAULT 0,
  control INTEGER NOT NULL DEFAULT 0,
  worker INTEGER,
  batch INTEGER,
  dkey TEXT,
  reason TEXT,
  started_at INTEGER,
  ended_at INTEGER
) STRICT;
CREATE INDEX bq_job_ready ON bq_job(lane, sort, id) WHERE state = 0;
CREATE INDEX bq_job_mine ON bq_job(worker, control) WHERE state = 1;
CREATE INDEX bq_job_due ON bq_job(run_at) WHERE state = 2;
CREATE INDEX bq_job_active ON bq_job(state, id) WHERE state < 5;
CREATE INDEX bq_job_failed ON bq_job(id) WHERE state = 6;
CREATE INDEX bq_job_cancelled ON bq_job(id) WHERE state = 7;
CREATE INDEX bq_job_ended ON bq_job(ended_at) WHERE state >= 5;
CREATE INDEX bq_job_lane ON bq_job(lane, id);
CREATE INDEX bq_job_batch ON bq_job(batch, state) WHERE batch IS NOT NULL;
CREATE INDEX bq_job_planner ON bq_job(batch) WHERE (flags & 1) = 1;
CREATE INDEX bq_job_key ON bq_job(lane, dkey) WHERE dkey IS NOT NULL AND state < 5;

-- What may be long comes last: whoever reads a column behind it reads all of it.
CREATE TABLE bq_body (
  id INTEGER PRIMARY KEY,
  secret TEXT NOT NULL,
  label TEXT,
  unit TEXT,
  priority INTEGER NOT NULL,
  timeout INTEGER,
  backoff TEXT,
  origin TEXT,
  principal TEXT,
  conversation TEXT,
  plugin_version TEXT,
  handler_version TEXT,
  created_at INTEGER NOT NULL,
  data TEXT NOT NULL
) STRICT;
CREATE INDEX bq_body_principal ON bq_body(principal, id) WHERE principal IS NOT NULL;
CREATE INDEX bq_body_conversation ON bq_body(conversation, id) WHERE conversation IS NOT NULL;

CREATE TABLE bq_result (
  id INTEGER PRIMARY KEY,
  error TEXT,
  result TEXT
) STRICT;

CREATE TABLE bq_run (
  job INTEGER NOT NULL,
  run INTEGER NOT NULL,
  state INTEGER NOT NULL,
  reason TEXT,
  result TEXT,
  error TEXT,
  started_at INTEGER,
  ended_at INTEGER,
  PRIMARY KEY (job, run)
) STRICT, WITHOUT ROWID;

CREATE TABLE bq_step (
  job INTEGER NOT NULL,
  name TEXT NOT NULL,
  kind TEXT NOT NULL,
  result TEXT,
  reviews INTEGER NOT NULL DEFAULT 0,
  run INTEGER NOT NULL,
  attempt INTEGER NOT NULL,
  at INTEGER NOT NULL,
  PRIMARY KEY (job, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE bq_dep (
  job INTEGER NOT NULL,
  on_id INTEGER NOT NULL,
  mode INTEGER NOT NULL,
  done INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (job, on_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX bq_dep_on ON bq_dep(on_id, done);

CREATE TABLE bq_progress (
  id INTEGER PRIMARY KEY,
  seq INTEGER NOT NULL,
  run INTEGER NOT NULL,
  current REAL NOT NULL,
  total REAL,
  unit TEXT,
  message TEXT,
  details TEXT,
  at INTEGER NOT NULL
) STRICT;
CREATE INDEX bq_progress_seq ON bq_progress(seq);

CREATE TABLE bq_log (
  job INTEGER NOT NULL,
  n INTEGER NOT NULL,
  at INTEGER NOT NULL,
  run INTEGER NOT NULL,
  attempt INTEGER NOT NULL,
  stream TEXT NOT NULL,
  text TEXT NOT NULL,
  PRIMARY KEY (job, n)
) STRICT, WITHOUT ROWID;

CREATE TABLE bq_batch (
  id INTEGER PRIMARY KEY,
  secret TEXT NOT NULL,
  state INTEGER NOT NULL,
  open INTEGER NOT NULL,
  policy TEXT NOT NULL,
  run INTEGER NOT NULL DEFAULT 1,
  control INTEGER NOT NULL DEFAULT 0,
  reason TEXT,
  label TEXT,
  unit TEXT,
  plugin TEXT,
  priority INTEGER NOT NULL,
  total INTEGER NOT NULL DEFAULT 0,
  processing INTEGER NOT NULL DEFAULT 0,
  completed INTEGER NOT NULL DEFAULT 0,
  failed INTEGER NOT NULL DEFAULT 0,
  cancelled INTEGER NOT NULL DEFAULT 0,
  planners INTEGER NOT NULL DEFAULT 0,
  planned INTEGER NOT NULL DEFAULT 0,
  origin TEXT,
  principal TEXT,
  conversation TEXT,
  created_at INTEGER NOT NULL,
  started_at INTEGER,
  ended_at INTEGER
) STRICT;
CREATE INDEX bq_batch_active ON bq_batch(id) WHERE state < 5;
CREATE INDEX bq_batch_ended ON bq_batch(ended_at) WHERE state >= 5;
CREATE INDEX bq_batch_failed ON bq_batch(id) WHERE state = 6;
CREATE INDEX bq_batch_cancelled ON bq_batch(id) WHERE state = 7;
CREATE INDEX bq_batch_plugin ON bq_batch(plugin, id);
CREATE INDEX bq_batch_principal ON bq_batch(principal, id);
CREATE INDEX bq_batch_conversation ON bq_batch(conversation, id);

-- \`planners\` counts planning jobs that have not failed and \`planned\` those that completed: people are told of the work, not of its planning.
-- The counts of a batch follow its jobs whichever statement moves them, so no code path can forget one.
CREATE TRIGGER bq_batch_added AFTER INSERT ON bq_job WHEN NEW.batch IS NOT NULL BEGIN
  UPDATE bq_batch SET total = total + 1, planners = planners + (NEW.flags & 1) WHERE id = NEW.batch;
END;
CREATE TRIGGER bq_batch_moved AFTER UPDATE OF state ON bq_job WHEN NEW.batch IS NOT NULL AND NEW.state <> OLD.state BEGIN
  UPDATE bq_batch SET
    processing = processing + (NEW.state = 1) - (OLD.state = 1),
    completed = completed + (NEW.state = 5) - (OLD.state = 5),
    failed = failed + (NEW.state = 6) - (OLD.state = 6),
    cancelled = cancelled + (NEW.state = 7) - (OLD.state = 7),
    planners = planners - (NEW.flags & 1) * ((NEW.state IN (6, 7)) - (OLD.state IN (6, 7))),
    planned = planned + (NEW.flags & 1) * ((NEW.state = 5) - (OLD.state = 5)),
    started_at = CASE WHEN started_at IS NULL AND NEW.state = 1 THEN NEW.started_at ELSE started_at END
  WHERE id = NEW.batch;
END;

-- The state machine (TRANSITIONS) as a bit mask of next states per state; a test compares the two.
CREATE TRIGGER bq_job_machine BEFORE UPDATE OF state ON bq_job
WHEN NEW.state <> OLD.state AND ((1 << NEW.state) & CASE OLD.state
  WHEN 0 THEN 194 WHEN 1 THEN 253 WHEN 2 THEN 193 WHEN 3 THEN 193 WHEN 4 THEN 197 ELSE 17 END) = 0
BEGIN
  SELECT RAISE(ABORT, 'a job cannot change state like this');
END;

CREATE TABLE bq_request (
  id INTEGER PRIMARY KEY,
  secret TEXT NOT NULL,
  job INTEGER NOT NULL,
  run INTEGER NOT NULL,
  name TEXT NOT NULL,
  question TEXT NOT NULL,
  choices TEXT NOT NULL,
  details TEXT,
  digest TEXT,
  on_reject TEXT NOT NULL,
  state INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  expires_at INTEGER,
  choice TEXT,
  comment TEXT,
  principal TEXT,
  interface TEXT,
  decided_at INTEGER,
  UNIQUE (job, run, name)
) STRICT;
CREATE INDEX bq_request_open ON bq_request(id) WHERE state = 0;
CREATE INDEX bq_request_expiry ON bq_request(expires_at) WHERE state = 0 AND expires_at IS NOT NULL;

CREATE TABLE bq_event (
  seq INTEGER PRIMARY KEY,
  at INTEGER NOT NULL,
  kind INTEGER NOT NULL,
  change TEXT NOT NULL,
  id INTEGER NOT NULL,
  run INTEGER NOT NULL,
  state INTEGER NOT NULL
) STRICT;

CREATE TABLE bq_key (
  scope TEXT NOT NULL,
  key TEXT NOT NULL,
  hash TEXT NOT NULL,
  reply TEXT,
  expires_at INTEGER NOT NULL,
  PRIMARY KEY (scope, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX bq_key_expiry ON bq_key(expires_at);

CREATE TABLE bq_kv (
  ns TEXT NOT NULL,
  key TEXT NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (ns, key)
) STRICT, WITHOUT ROWID;

CREATE TABLE bq_worker (
  id INTEGER PRIMARY KEY,
  pid INTEGER NOT NULL,
  state TEXT NOT NULL,
  lock TEXT,
  fingerprint TEXT,
  concurrency INTEGER NOT NULL,
  started_at INTEGER NOT NULL,
  seen_at INTEGER NOT NULL,
  ended_at INTEGER
) STRICT;
`,
  `
-- What may not start now: a type, or a plugin (the part of its types before the colon).
CREATE TABLE bq_pause (
  name TEXT PRIMARY KEY,
  at INTEGER NOT NULL,
  principal TEXT
) STRICT, WITHOUT ROWID;

-- Starts of rate-limited types within their window, as [time, count] pairs: see store/rates.ts.
CREATE TABLE bq_rate (
  lane INTEGER PRIMARY KEY,
  starts TEXT NOT NULL
) STRICT;

-- Jobs that a crash of their worker made suspects: see store/suspects.ts. Rows whose fence has moved on are over.
CREATE TABLE bq_suspect (
  job INTEGER PRIMARY KEY,
  fence INTEGER NOT NULL,
  times INTEGER NOT NULL
) STRICT;

-- When the system says that the process began: with the pid it names one process for ever.
ALTER TABLE bq_worker ADD COLUMN process_start TEXT;
`,
  `
CREATE TABLE bq_schedule (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  owner TEXT,
  cron TEXT,
  timezone TEXT,
  every INTEGER,
  job TEXT NOT NULL,
  missed TEXT NOT NULL,
  most INTEGER NOT NULL,
  overlap TEXT NOT NULL,
  state INTEGER NOT NULL,
  next_at INTEGER,
  last_slot INTEGER,
  last_at INTEGER,
  last_job INTEGER,
  created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX bq_schedule_next ON bq_schedule(next_at) WHERE state = 0;

-- One row per time that a schedule came due, whoever saw it first: what makes a firing happen once. \`job\` is null where the firing was left out.
CREATE TABLE bq_firing (
  schedule INTEGER NOT NULL,
  slot INTEGER NOT NULL,
  job INTEGER,
  at INTEGER NOT NULL,
  PRIMARY KEY (schedule, slot)
) STRICT, WITHOUT ROWID;

-- Of long payloads and results: see checksum.ts.
ALTER TABLE bq_body ADD COLUMN sum INTEGER;
ALTER TABLE bq_result ADD COLUMN sum INTEGER;
`,
  `
-- Members of large batches that are not jobs yet: see store/stage.ts. \`row\` is JSON.
CREATE TABLE bq_stage (
  batch INTEGER NOT NULL,
  n INTEGER NOT NULL,
  at INTEGER NOT NULL,
  row TEXT NOT NULL,
  PRIMARY KEY (batch, n)
) STRICT, WITHOUT ROWID;

-- How many of a batch's members are there; they count as its operations.
ALTER TABLE bq_batch ADD COLUMN staged INTEGER NOT NULL DEFAULT 0;
CREATE INDEX bq_batch_staged ON bq_batch(id) WHERE staged > 0;
`,
  `
-- What was sent to jobs: see store/input.ts.
CREATE TABLE bq_input (
  job INTEGER NOT NULL,
  run INTEGER NOT NULL,
  n INTEGER NOT NULL,
  at INTEGER NOT NULL,
  eof INTEGER NOT NULL,
  given INTEGER NOT NULL,
  principal TEXT,
  interface TEXT,
  text TEXT NOT NULL,
  PRIMARY KEY (job, run, n)
) STRICT, WITHOUT ROWID;

-- The fence of the attempt that says that it waits for input.
ALTER TABLE bq_job ADD COLUMN waits INTEGER;
`,
  `
-- What is left of transactions that would have been long: see store/chores.ts. \`id\` is a job or a batch.
CREATE TABLE bq_chore (
  id INTEGER NOT NULL,
  kind INTEGER NOT NULL,
  state INTEGER NOT NULL,
  at INTEGER NOT NULL,
  PRIMARY KEY (id, kind)
) STRICT, WITHOUT ROWID;
`,
  `
-- Who asked for the cancel of a batch.
ALTER TABLE bq_chore ADD COLUMN principal TEXT;
`,
];
