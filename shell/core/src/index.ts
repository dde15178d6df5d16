export type {
  BatchEvent,
  BatchInfo,
  Decision,
  JobEvent,
  JobInfo,
  QueueEvent,
  RequestInfo,
  StoredError,
} from "@brains/job-queue/handler";
export { isCodedError, ROLES } from "@brains/plugin";
export type { AnyPlugin, Caller, Logger, Role } from "@brains/plugin";
export { CONFIG_NAME, findBrain, prepareHome } from "./config/brain.ts";
export type { Brain, BrainSearch } from "./config/brain.ts";
export { fingerprintOf } from "./config/fingerprint.ts";
export { configFolder, dataFolder } from "./config/folders.ts";
export type { Env } from "./config/folders.ts";
export { makeFolder } from "./config/make-folder.ts";
export { findPlugins, loadPlugins } from "./config/plugin-sources.ts";
export type { BundledPlugin, LoadOptions, PluginSource } from "./config/plugin-sources.ts";
export { configJsonSchema } from "./config/schema.ts";
export type { BrainConfig, PluginConfigEntry } from "./config/schema.ts";
export { openTrustStore } from "./config/trust.ts";
export type { TrustStore } from "./config/trust.ts";
export type { CallOptions, FollowOptions, Outcome, QueuedReply, Shell, ToolInfo, ToolReply } from "./contract.ts";
export { BRAINS_ERRORS, BrainsError } from "./errors.ts";
export type { BrainsErrorCode } from "./errors.ts";
export { estimate } from "./estimates.ts";
export type { Estimate, Estimated, History } from "./estimates.ts";
export { openBrainLog } from "./log.ts";
export type { BrainLogOptions, LogLevel } from "./log.ts";
export { batchOperation, jobOperation } from "./operations.ts";
export type { PluginEntry } from "./plugins.ts";
export { isProgramCard } from "./programs/is-card.ts";
export type { ProgramCard, ShownText } from "./programs/card.ts";
export type * from "./replies.ts";
export { examinePrograms } from "./programs/examine.ts";
export type { ProgramFinding } from "./programs/examine.ts";
export { createShell } from "./shell.ts";
export type { OwnedShell, ShellOptions } from "./shell.ts";
export { BATCH_STATES, JOB_STATES, isEndedState } from "./states.ts";
export { operationLine, requestLine, statusMessage } from "./status-words.ts";
export { batchView, jobView, requestView } from "./views.ts";
export { LONGEST_WAIT } from "./waiting.ts";
export {
  count,
  durationText,
  elapsedText,
  numbersText,
  oneLine,
  percentOf,
  progressText,
  relativeTime,
} from "./wording.ts";
