/** Every code this package throws, with what to do. The table in docs/errors.md is equal to it, by test. */
export const BRAINS_ERRORS = {
  TOOL_NOT_FOUND: "No tool has this name, or several have it. List the names with `tools`.",
  NOT_FOUND: "Nothing has this id or number. List what there is with `jobs` and `batches`.",
  INVALID_INPUT: "The input does not fit the tool. Correct the named fields.",
  FORBIDDEN: "The caller's role or kind does not allow this. See the message for who may do it.",
  TOOL_FAILED: "The tool threw an error. The plugin's log has the whole of it.",
  TOOL_TOO_SLOW: "The tool did not answer in time. A tool must enqueue long work as a job and answer at once.",
  UNKNOWN_JOB: "The plugin has no job of this type. See the message for the nearest name.",
  FOREIGN_NAME: "The name belongs to another plugin. Use a name of your own, or call that plugin's tool.",
  INVALID_PLUGIN: "The plugin is not well formed. Correct what the message names.",
  INVALID_PLUGIN_CONFIG:
    "The plugin's part of the config does not fit its schema. Correct the named fields in brains.yaml.",
  NOT_YET: "The plugin uses something that this version does not have yet. Remove it.",
  PLUGIN_FAILED: "A hook of the plugin threw an error or took too long. The message names plugin and hook.",
  PLUGIN_NOT_FOUND: "There is no such plugin, package or file. Correct its entry in brains.yaml.",
  PLUGIN_UNREADABLE: "The plugin's file cannot be loaded. The message says where it is wrong.",
  UNTRUSTED: "The folder's own plugin files may not run yet. Read them, then run `brains trust`.",
  TRUST_NOT_STORED:
    "That a folder is trusted cannot be stored. Make the folder in the message writable, or name another with BRAINS_CONFIG_HOME.",
  CONFIG_NOT_FOUND: "The named config file does not exist. Correct the path, or make a brain with `brains init`.",
  CONFIG_INVALID: "The config is not valid. Correct what the message names, with its line.",
  HOME_UNUSABLE: "The home folder cannot be made or written. Choose another with --home or BRAINS_HOME.",
  POLICY_DENIED: "The brain's policy denies this program. The message names the rule.",
  PROGRAM_FOLDER: "The working folder is not there, or is none that programs may work in. See programs.folders.",
  PROGRAM_ENVIRONMENT: "The config has no value for a variable that was asked for. See programs.environment.",
  PROGRAM_SANDBOX: "The sandbox that was asked for is not to be had here. The message says what to install.",
  PROGRAM_FILE_TOO_LARGE: "An approval does not bind files of this size. See approvals.largeFiles.",
  PROGRAM_CHANGED: "The program changed while it was being started, so it was not. Run it again.",
  PROGRAM_OUTPUT: "The program wrote more than it may. See programs.killMegabytes.",
  SECRETS_UNSAFE: "The file of secrets is not read, because others could. The message says what to do.",
  INPUT_GIVEN:
    "The program was given all of its input when it was asked for. Start it again without that to send some.",
  INPUT_NEEDS_APPROVAL:
    "A person approved this program, so what is sent to it needs a person, too. The message has the command.",
  REQUESTER_MAY_NOT_DECIDE: "Whoever started this work may not approve it. Another approver has to.",
  SHELL_STOPPED: "The shell was stopped. Open it again.",
} as const;
export type BrainsErrorCode = keyof typeof BRAINS_ERRORS;

const BRAND = Symbol.for("@brains/error");

/** The only error this package throws itself; the queue's errors pass through it unchanged. `code` is stable. */
export class BrainsError extends Error {
  readonly code: BrainsErrorCode;
  readonly data: unknown;
  constructor(code: BrainsErrorCode, message?: string, options: { cause?: unknown; data?: unknown } = {}) {
    super(message ?? BRAINS_ERRORS[code], options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "BrainsError";
    this.code = code;
    this.data = options.data;
    Object.defineProperty(this, BRAND, { value: true });
  }
}

/** The message of whatever was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message || error.name : String(error);
}
