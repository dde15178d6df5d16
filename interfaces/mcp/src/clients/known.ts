// Where each client keeps its servers, and how it writes one down.
import { join } from "node:path";
import { McpError } from "../errors.ts";

export const MCP_CLIENTS = ["claude-code", "claude-desktop", "cursor", "vscode", "codex"] as const;
export type McpClient = (typeof MCP_CLIENTS)[number];

/** The machine and the person whose clients they are. */
export interface ClientPlace {
  readonly platform: NodeJS.Platform;
  readonly home: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** How the client reaches brains: it starts a program, or it asks an address. */
export type Connection =
  | { readonly command: string; readonly args: readonly string[] }
  | { readonly url: string; readonly token: string };

interface ClientForm {
  readonly file: (place: ClientPlace) => string;
  readonly format: "json" | "toml";
  /** Under which key of the file the servers are. */
  readonly key: string;
  readonly entry: (connection: Connection) => Readonly<Record<string, unknown>>;
  /** What to do so that the client reads it. */
  readonly afterwards: string;
}

const header = (token: string) => ({ Authorization: `Bearer ${token}` });
const program = ({ command, args }: Extract<Connection, { command: string }>) => ({ command, args: [...args] });
const typed = (connection: Connection) =>
  "url" in connection
    ? { type: "http", url: connection.url, headers: header(connection.token) }
    : { type: "stdio", ...program(connection) };

const FORMS: Readonly<Record<McpClient, ClientForm>> = {
  "claude-code": {
    file: ({ home, env }) => join(env["CLAUDE_CONFIG_DIR"] || home, ".claude.json"),
    format: "json",
    key: "mcpServers",
    entry: typed,
    afterwards:
      "End running sessions of Claude Code before, since they write this file too; `/mcp` in a new one shows it.",
  },
  "claude-desktop": {
    file: (place) => join(applicationFolder(place), "Claude", "claude_desktop_config.json"),
    format: "json",
    key: "mcpServers",
    entry(connection) {
      if ("command" in connection) return program(connection);
      throw new McpError(
        "MCP_CLIENT_UNSUITED",
        "Claude Desktop takes only programs from its file, and connectors over HTTP are reached from the internet. Leave --http out.",
      );
    },
    afterwards: "Quit Claude Desktop and start it again.",
  },
  cursor: {
    file: ({ home }) => join(home, ".cursor", "mcp.json"),
    format: "json",
    key: "mcpServers",
    entry: (connection) =>
      "url" in connection ? { url: connection.url, headers: header(connection.token) } : program(connection),
    afterwards: "Cursor shows it in its settings under MCP; switch it on there.",
  },
  vscode: {
    file: (place) => join(applicationFolder(place), "Code", "User", "mcp.json"),
    format: "json",
    key: "servers",
    entry: typed,
    afterwards: "VS Code asks whether it trusts the server when it starts it; `MCP: List Servers` shows it.",
  },
  codex: {
    file: ({ home, env }) => join(env["CODEX_HOME"] || join(home, ".codex"), "config.toml"),
    format: "toml",
    key: "mcp_servers",
    entry: (connection) =>
      "url" in connection ? { url: connection.url, http_headers: header(connection.token) } : program(connection),
    afterwards: "Start Codex again; `/mcp` shows it.",
  },
};

export function clientForm(client: string): ClientForm {
  const form = (MCP_CLIENTS as readonly string[]).includes(client) ? FORMS[client as McpClient] : undefined;
  if (form) return form;
  throw new McpError(
    "MCP_CLIENT_UNSUITED",
    `There is no client "${client}" here. Known are: ${MCP_CLIENTS.join(", ")}.`,
  );
}

/** Where programs with windows keep their settings. */
function applicationFolder({ platform, home, env }: ClientPlace): string {
  if (platform === "darwin") return join(home, "Library", "Application Support");
  if (platform === "win32") return env["APPDATA"] || join(home, "AppData", "Roaming");
  return env["XDG_CONFIG_HOME"] || join(home, ".config");
}
