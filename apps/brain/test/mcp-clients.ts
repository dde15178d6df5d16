// The clients of both lines of the SDK, and both protocol eras, behind one shape.
import { Client as PresentClient } from "@modelcontextprotocol/client";
import { StdioClientTransport as PresentTransport } from "@modelcontextprotocol/client/stdio";
import { Client as OldClient } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport as OldTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { onTestFinished } from "vitest";
import { MAIN, type TestBrain } from "./brain-kit.ts";

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
  const client =
    name === "sdk 1.32" ? await connectOld(server) : await connectPresent(server, name.endsWith("2026-07-28"));
  onTestFinished(() => client.close());
  return client;
}

type Server = ConstructorParameters<typeof PresentTransport>[0] & { stderr: "pipe" };
const INFO = { name: "brains-test", version: "0.0.0" };

async function connectPresent(server: Server, modern: boolean): Promise<TestClient> {
  const client = new PresentClient(INFO, modern ? { versionNegotiation: { mode: "auto" } } : {});
  const transport = new PresentTransport(server);
  await client.connect(transport);
  return {
    pid: transport.pid ?? 0,
    instructions: client.getInstructions(),
    list: async () => (await client.listTools()).tools as never,
    call: async (tool, args = {}, extras = {}) =>
      (await client.callTool({ name: tool, arguments: args }, { timeout: 60_000, ...extras } as never)) as never,
    close: () => client.close(),
  };
}

async function connectOld(server: Server): Promise<TestClient> {
  const client = new OldClient(INFO);
  const transport = new OldTransport(server);
  await client.connect(transport);
  return {
    pid: transport.pid ?? 0,
    instructions: client.getInstructions(),
    list: async () => (await client.listTools()).tools as never,
    call: async (tool, args = {}, extras = {}) =>
      (await client.callTool({ name: tool, arguments: args }, undefined, {
        timeout: 60_000,
        ...extras,
      } as never)) as never,
    close: () => client.close(),
  };
}

function definedOnly(env: NodeJS.ProcessEnv): Record<string, string> {
  return Object.fromEntries(Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined));
}
