// The clients of both lines of the SDK, and both protocol eras, behind one shape, over stdio and HTTP.
import { Client as PresentClient, StreamableHTTPClientTransport as PresentHttp } from "@modelcontextprotocol/client";
import { StdioClientTransport as PresentStdio } from "@modelcontextprotocol/client/stdio";
import { Client as OldClient } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport as OldStdio } from "@modelcontextprotocol/sdk/client/stdio.js";
import { StreamableHTTPClientTransport as OldHttp } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { onTestFinished } from "vitest";
import { MAIN, type TestBrain } from "./brain-kit.ts";
import type { HttpServer } from "./mcp-http-server.ts";

export interface ToolAnswer {
  readonly isError?: boolean;
  readonly content: readonly { readonly type: string; readonly text: string }[];
  readonly structuredContent?: Record<string, unknown>;
}
export interface CallExtras {
  readonly signal?: AbortSignal;
  readonly onprogress?: (progress: { progress: number; total?: number; message?: string }) => void;
}
export interface TestClient {
  /** Of the server that the client started; 0 over HTTP. */
  readonly pid: number;
  readonly instructions: string | undefined;
  list(): Promise<
    { name: string; title?: string; description?: string; inputSchema: { properties?: object }; annotations?: object }[]
  >;
  call(name: string, args?: Record<string, unknown>, extras?: CallExtras): Promise<ToolAnswer>;
  close(): Promise<void>;
}

export const CLIENTS = ["client 2.4, revision 2026-07-28", "client 2.4, revision 2025-11-25", "sdk 1.32"] as const;
export type ClientName = (typeof CLIENTS)[number];

/** Connects to `brains mcp` of this brain, a child process. */
export async function connect(brain: TestBrain, name: ClientName = CLIENTS[0]): Promise<TestClient> {
  const server = {
    command: process.execPath,
    args: [MAIN, "mcp"],
    cwd: brain.dir,
    env: definedOnly(brain.env),
    stderr: "pipe" as const,
  };
  const transport = name === "sdk 1.32" ? new OldStdio(server) : new PresentStdio(server);
  const client = await open(name, transport);
  return { ...client, pid: transport.pid ?? 0 };
}

/** Connects to a server that runs already. */
export function connectHttp({ url, token }: HttpServer, name: ClientName = CLIENTS[0]): Promise<TestClient> {
  const requestInit = { headers: { Authorization: `Bearer ${token}` } };
  const Transport = name === "sdk 1.32" ? OldHttp : PresentHttp;
  return open(name, new Transport(new URL(url), { requestInit }));
}

const INFO = { name: "brains-test", version: "0.0.0" };

async function open(name: ClientName, transport: unknown): Promise<TestClient> {
  const client = name === "sdk 1.32" ? old() : present(name.endsWith("2026-07-28"));
  await client.connect(transport);
  onTestFinished(() => client.close());
  return {
    pid: 0,
    instructions: client.instructions(),
    list: client.list,
    call: (tool, args = {}, extras = {}) =>
      client.call({ name: tool, arguments: args }, { timeout: 60_000, ...extras }) as Promise<ToolAnswer>,
    close: client.close,
  };
}

function present(modern: boolean) {
  const client = new PresentClient(INFO, modern ? { versionNegotiation: { mode: "auto" } } : {});
  return {
    connect: (transport: unknown) => client.connect(transport as PresentHttp),
    instructions: () => client.getInstructions(),
    list: async () => (await client.listTools()).tools as never,
    call: (params: object, extras: object): Promise<unknown> => client.callTool(params as never, extras),
    close: () => client.close(),
  };
}

function old() {
  const client = new OldClient(INFO);
  return {
    connect: (transport: unknown) => client.connect(transport as OldStdio),
    instructions: () => client.getInstructions(),
    list: async () => (await client.listTools()).tools as never,
    call: (params: object, extras: object): Promise<unknown> => client.callTool(params as never, undefined, extras),
    close: () => client.close(),
  };
}

function definedOnly(env: NodeJS.ProcessEnv): Record<string, string> {
  return Object.fromEntries(Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined));
}
