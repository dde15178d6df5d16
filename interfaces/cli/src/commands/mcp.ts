import type { McpHttpOptions } from "../app-port.ts";
import { usageError } from "../cli-error.ts";
import { text, type Action, type CommandContext, type CommandInput } from "../command.ts";
import type { ExitCode } from "../exit-codes.ts";

const PORT = 3917;

export const mcp: Action = async (context, { args, options }) => {
  const { app, brain, streams } = context;
  const [action, client] = args;
  if (action === "install") return install(context, client, options);
  if (action !== undefined) throw usageError(`There is no mcp ${action}. Did you mean mcp install?`);
  const only = ["as", "yes", "print"].find((name) => options[name] !== undefined);
  if (only !== undefined) throw usageError(`--${only} is for mcp install.`);
  if (options["http"] !== true) {
    const stray = ["port", "host", "name", "allowRemote"].find((name) => options[name] !== undefined);
    if (stray !== undefined) throw usageError(`--${stray === "allowRemote" ? "allow-remote" : stray} needs --http.`);
    return (await app.serveMcp({ ...brain, ...streams })) as ExitCode;
  }
  const stop = new AbortController();
  const onSignal = () => stop.abort();
  process.on("SIGTERM", onSignal);
  process.on("SIGINT", onSignal);
  try {
    return (await app.serveMcp({ ...brain, ...streams, http: httpOptions(context, options, stop.signal) })) as ExitCode;
  } finally {
    process.off("SIGTERM", onSignal);
    process.off("SIGINT", onSignal);
  }
};

async function install(
  context: CommandContext,
  client: string | undefined,
  options: CommandInput["options"],
): Promise<ExitCode> {
  const stray = ["host", "name", "allowRemote"].find((name) => options[name] !== undefined);
  if (stray !== undefined) throw usageError("mcp install takes --http, --port, --as, --yes and --print.");
  if (options["port"] !== undefined && options["http"] !== true) throw usageError("--port needs --http.");
  const port = options["http"] === true ? portOption(text(options["port"])) : undefined;
  const { installMcp } = await import("./mcp-install.ts");
  return installMcp(context, client, options, port);
}

function httpOptions(
  { output }: CommandContext,
  options: CommandInput["options"],
  signal: AbortSignal,
): McpHttpOptions {
  const { name } = options;
  return {
    host: text(options["host"]),
    port: portOption(text(options["port"])),
    names: Array.isArray(name) ? name : [],
    allowRemote: options["allowRemote"] === true,
    signal,
    onReady: (ready) =>
      output.show("mcp-http", ready, () => [
        ` MCP is at ${ready.url}`,
        ` clients need the header Authorization: Bearer …, with the token in ${ready.tokenFile}`,
        " Ctrl-C ends it; the jobs go on",
      ]),
  };
}

function portOption(value: string | undefined): number {
  const port = value === undefined ? PORT : Number(value);
  if (value !== "" && Number.isInteger(port) && port >= 0 && port <= 65_535) return port;
  throw usageError(`--port is a number from 0 to 65535, not "${value}".`);
}
