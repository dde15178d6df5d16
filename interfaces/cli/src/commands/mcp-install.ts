import type { McpInstallReport } from "../app-port.ts";
import { usageError } from "../cli-error.ts";
import { text, type CommandContext, type CommandInput } from "../command.ts";
import { confirm } from "../confirm.ts";
import type { ExitCode } from "../exit-codes.ts";
import { printable, printableLines } from "../text/printable.ts";

/** Shows what connects a client, and writes it after a yes: a file of another program is changed by nobody who was not asked. */
export async function installMcp(
  context: CommandContext,
  client: string | undefined,
  options: CommandInput["options"],
  port: number | undefined,
): Promise<ExitCode> {
  const { app, brain, output, streams } = context;
  if (client === undefined)
    throw usageError("Which client? brains mcp install claude-code, claude-desktop, cursor, vscode or codex.");
  const name = text(options["as"]) ?? "brains";
  if (!/^[A-Za-z0-9_-]{1,40}$/.test(name)) throw usageError("--as is 1 to 40 letters, digits, - and _.");
  if (options["yes"] === true && options["print"] === true)
    throw usageError("--yes writes and --print does not: give one.");
  const plan = await app.planMcpInstall({ ...brain, client, name, http: port });
  const asks = options["yes"] !== true && options["print"] !== true && output.interactive;
  // What a person is asked about stands above the question; what is only shown is the answer.
  if (asks) output.note(planLines(plan));
  const write = options["yes"] === true || (asks && (await confirm(streams, `Add this to ${plan.file}?`)));
  const done = write ? await plan.write() : undefined;
  const { file, shown, tokenFile } = plan;
  const told = { client, file, shown, tokenFile, written: done !== undefined, ...done };
  output.show("mcp-install", told, () => [...(asks ? [] : planLines(plan)), ...doneLines(plan, done)]);
  return 0;
}

function planLines({ file, shown, tokenFile }: McpInstallReport): string[] {
  return [
    ` in ${printable(file)}`,
    "",
    ...printableLines(shown),
    "",
    ...(tokenFile === undefined
      ? []
      : [
          ` <the token> is in ${printable(tokenFile)}; it is written into the client's file, which others then cannot read`,
        ]),
  ];
}

function doneLines(
  { file, afterwards }: McpInstallReport,
  done: Awaited<ReturnType<McpInstallReport["write"]>> | undefined,
): string[] {
  if (done === undefined) return [" nothing was written; --yes writes it without asking"];
  if (!done.changed) return [` ${printable(file)} has it already`];
  return [
    ` written to ${printable(file)}`,
    ...(done.backup === undefined ? [] : [` as it was before: ${printable(done.backup)}`]),
    ` ${afterwards}`,
  ];
}
