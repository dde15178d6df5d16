// The tables of docs/ that repeat what the code says. A page must hold exactly these rows.
import { APP_ERRORS } from "../apps/brain/src/app-error.ts";
import { CLI_ERRORS } from "../interfaces/cli/src/cli-error.ts";
import { COMMANDS } from "../interfaces/cli/src/commands/registry.ts";
import { EXIT_CODES, exitCodeOfError } from "../interfaces/cli/src/exit-codes.ts";
import { MCP_ERRORS } from "../interfaces/mcp/src/errors.ts";
import { CODE_ERRORS } from "../plugins/code/src/errors.ts";
import { COMMAND_ERRORS } from "../plugins/commands/src/errors.ts";
import { SITE_ERRORS } from "../plugins/site-builder/src/errors.ts";
import { QUEUE_ERRORS } from "../shared/job-queue/src/errors.ts";
import * as limits from "../shared/job-queue/src/limits.ts";
import { TRANSITIONS } from "../shared/job-queue/src/job.ts";
import { PROCESS_ERRORS } from "../shared/process/src/errors.ts";
import { configJsonSchema } from "../shell/core/src/config/schema.ts";
import { BRAINS_ERRORS } from "../shell/core/src/errors.ts";

interface Expected {
  readonly page: string;
  /** The heading under which the table stands. */
  readonly heading: string;
  readonly rows: readonly string[];
}

interface Schema {
  readonly description?: string;
  readonly default?: unknown;
  readonly type?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
}

const row = (...cells: readonly string[]): string =>
  `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;

function errors(heading: string, codes: Readonly<Record<string, string>>): Expected {
  const rows = Object.entries(codes).map(([code, text]) => row(`\`${code}\``, text, `${exitCodeOfError(code)}`));
  return { page: "errors.md", heading, rows };
}

function configKeys(heading: string, schema: Schema | undefined, prefix = ""): Expected {
  const rows = Object.entries(schema?.properties ?? {}).map(([name, { description = "", default: fallback }]) =>
    row(`\`${prefix}${name}\``, isPlain(fallback) ? `\`${String(fallback)}\`` : "", description),
  );
  return { page: "configuration.md", heading, rows };
}

function isPlain(value: unknown): boolean {
  return value !== undefined && typeof value !== "object";
}

const number = (n: number): string => n.toLocaleString("en").replaceAll(",", " ");
const size = (bytes: number): string => (bytes >= 2 ** 20 ? `${bytes / 2 ** 20} MiB` : `${bytes / 2 ** 10} KiB`);

function queueLimits(): string[] {
  return [
    row("payload, result, step, value of `kv`, as JSON", `${size(limits.DEFAULT_MAX_BYTES)} (\`maxBytes\`)`),
    row("details of progress, as JSON", size(limits.DETAILS_BYTES)),
    row("label, unit, message of progress", `${number(limits.SHORT_TEXT)} characters`),
    row("question, comment on a decision", `${number(limits.LONG_TEXT)} characters`),
    row("one piece of input", `${number(limits.INPUT_PIECE)} characters`),
    row(
      "input of a job that it has not read",
      `${number(limits.INPUT_PENDING)} characters, ${number(limits.INPUT_PENDING_PIECES)} pieces`,
    ),
    row("jobs of one `enqueueMany`", number(limits.ENQUEUE_MOST)),
    row("log of one attempt", `${number(limits.LOG_ATTEMPT)} characters`),
    row("log of one job", `${number(limits.LOG_LINES)} lines`),
    row("jobs that run at once in a process", `${limits.DEFAULT_CONCURRENCY} (\`concurrency\`)`),
    row("tries in a run", `${limits.DEFAULT_MAX_ATTEMPTS} (\`maxAttempts\`)`),
    row("deaths of its worker while nothing else ran, until a job is `crashed`", `${limits.MAX_CRASHES}`),
    row("time to end after cancel, time-out or stop", `${number(limits.DEFAULT_GRACE_MS)} ms (\`grace\`)`),
  ];
}

/** Keys with a group of their own are described there. */
function topLevel(schema: Schema): Schema {
  const own = Object.entries(schema.properties ?? {}).filter(([, { properties }]) => properties === undefined);
  return { properties: Object.fromEntries(own) };
}

function nextStates(next: Readonly<Record<string, string>>): string {
  return Object.entries(next)
    .map(([transition, to]) => `\`${to}\` (${transition})`)
    .join(", ");
}

export function expectedTables(): Expected[] {
  const schema = configJsonSchema() as Schema;
  const groups = Object.entries(schema.properties ?? {}).filter(([, { properties }]) => properties !== undefined);
  return [
    errors("From the queue", QUEUE_ERRORS),
    errors("From programs", PROCESS_ERRORS),
    errors("From the shell", BRAINS_ERRORS),
    errors("From the command line", CLI_ERRORS),
    errors("From the app", APP_ERRORS),
    errors("From MCP", MCP_ERRORS),
    errors("From commands", COMMAND_ERRORS),
    errors("From code", CODE_ERRORS),
    errors("From the site builder", SITE_ERRORS),
    {
      page: "command-line.md",
      heading: "Exit codes",
      rows: Object.entries(EXIT_CODES).map(([code, text]) => row(code, text)),
    },
    ...COMMANDS.filter(({ options }) => options !== undefined).map(({ name, options = [] }) => ({
      page: "command-line.md",
      heading: name,
      rows: options.map(([flags, text]) => row(`\`${flags}\``, text)),
    })),
    {
      page: "command-line.md",
      heading: "Commands",
      rows: COMMANDS.map(({ name, args, summary }) =>
        row(`\`brains ${[name, args].filter(Boolean).join(" ")}\``, summary),
      ),
    },
    {
      page: "architecture.md",
      heading: "The state machine",
      rows: Object.entries(TRANSITIONS).map(([from, next]) => row(`\`${from}\``, nextStates(next))),
    },
    { page: "job-queue.md", heading: "Limits", rows: queueLimits() },
    configKeys("All keys", topLevel(schema)),
    ...groups.map(([name, group]) => configKeys(name, group, `${name}.`)),
  ];
}
