export { runCli, type CliOptions } from "./run-cli.ts";
export { jobAround } from "./inside-job.ts";
export { EXIT_CODES, exitCodeOf, worstExitCode, type ExitCode } from "./exit-codes.ts";
export { CLI_ERRORS, type CliErrorCode } from "./cli-error.ts";
export type {
  AppPort,
  AppSession,
  BrainOptions,
  DemoPlan,
  DoctorFinding,
  DoctorReport,
  InitReport,
  McpHttpOptions,
  McpInstallReport,
  OpenOptions,
  StopReport,
  StreamPorts,
} from "./app-port.ts";
