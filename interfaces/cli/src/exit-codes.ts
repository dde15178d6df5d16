/** What each exit code means; printed by `brains help exit-codes`. */
export const EXIT_CODES = {
  0: "ok",
  1: "the job failed",
  2: "the command line is wrong",
  3: "not found",
  4: "cancelled",
  5: "waits for approval and nobody can answer here",
  6: "rejected",
  7: "time ran out",
  8: "interrupted; it can be resumed",
  9: "the store cannot be reached",
  130: "Ctrl-C",
} as const;
export type ExitCode = keyof typeof EXIT_CODES;

/** Of several jobs the first of these that applies decides. */
const PRECEDENCE: readonly ExitCode[] = [9, 1, 8, 7, 6, 4, 5];

const REASONS: Readonly<Record<string, ExitCode>> = {
  timeout: 7,
  stalled: 7,
  approval_timeout: 7,
  interrupted: 8,
  rejected: 6,
};

/** The exit code of one job or batch as it stands. A waiting one counts as "nobody can answer". */
export function exitCodeOf(work: { readonly state: string; readonly reason?: string | undefined }): ExitCode {
  if (work.state === "failed") return REASONS[work.reason ?? ""] ?? 1;
  if (work.state === "cancelled") return 4;
  if (work.state === "waiting_approval") return 5;
  return 0;
}

export function worstExitCode(codes: readonly ExitCode[]): ExitCode {
  return PRECEDENCE.find((code) => codes.includes(code)) ?? 0;
}

const ERROR_CODES: Readonly<Record<string, ExitCode>> = {
  JOB_NOT_FOUND: 3,
  BATCH_NOT_FOUND: 3,
  REQUEST_NOT_FOUND: 3,
  SCHEDULE_NOT_FOUND: 3,
  NOT_FOUND: 3,
  TOOL_NOT_FOUND: 3,
  PLUGIN_NOT_FOUND: 3,
  CONFIG_NOT_FOUND: 3,
  NO_EXECUTION: 3,
  PROGRAM_NOT_FOUND: 3,
  WAIT_TIMEOUT: 7,
  STORE_BUSY: 9,
  STORE_FULL: 9,
  STORE_TOO_NEW: 9,
  SCHEMA_CHANGED: 9,
  STORE_UNREADABLE: 9,
  SQLITE_TOO_OLD: 9,
  QUEUE_CLOSED: 9,
  HOME_UNUSABLE: 9,
  USAGE: 2,
  INVALID_INPUT: 2,
  INVALID_DATA: 2,
  INVALID_OPTION: 2,
  INVALID_CHOICE: 2,
  INVALID_CURSOR: 2,
  CONFIG_INVALID: 2,
  INVALID_PLUGIN_CONFIG: 2,
  SANDBOX_OPTION: 2,
  NEEDS_TERMINAL: 5,
  INPUT_GIVEN: 2,
  INPUT_NEEDS_APPROVAL: 5,
  POLICY_DENIED: 6,
};

/** The exit code of a coded error; 1 for a code without one of its own. */
export function exitCodeOfError(code: string): ExitCode {
  return ERROR_CODES[code] ?? 1;
}
