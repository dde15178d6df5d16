import { createServer, type Server } from "node:http";
import { isIP, type AddressInfo } from "node:net";
import { getRequestListener } from "@hono/node-server";
import { McpError } from "./errors.ts";
import type { McpHttp } from "./http.ts";

export interface ListenOptions {
  /** Default: 127.0.0.1. */
  readonly host?: string | undefined;
  /** 0 takes any that is free. */
  readonly port: number;
  /** Without it only an address of the loopback interface is listened on. */
  readonly allowRemote?: boolean | undefined;
}

export interface Listening {
  /** Where clients find it. */
  readonly url: string;
  close(): Promise<void>;
}

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|::1)$/;

function isLoopback(host: string): boolean {
  return LOOPBACK.test(host);
}

/** Listens for this machine alone, unless told otherwise. */
export async function listen(mcp: McpHttp, options: ListenOptions): Promise<Listening> {
  const { host = "127.0.0.1", port, allowRemote = false } = options;
  if (!isLoopback(host) && !allowRemote) {
    throw new McpError(
      "MCP_ADDRESS_REFUSED",
      `${host} can be reached from other machines. Add --allow-remote if they are meant to; the token is needed there too, and is readable on the way unless a proxy adds TLS.`,
    );
  }
  const answer = getRequestListener((request) => mcp.fetch(request), { overrideGlobalObjects: false });
  const server = createServer((request, response) => void answer(request, response));
  // Whoever sends a request byte by byte must not hold a connection for long.
  server.headersTimeout = 10_000;
  server.requestTimeout = 30_000;
  server.maxConnections = 1024;
  await start(server, host, port);
  const { port: taken } = server.address() as AddressInfo;
  return {
    url: `http://${isIP(host) === 6 ? `[${host}]` : host}:${taken}/mcp`,
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      await mcp.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

function start(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", (error) =>
      reject(new McpError("MCP_ADDRESS_UNUSABLE", `Nothing can listen on ${host}, port ${port}: ${error.message}`)),
    );
    server.listen(port, host, resolve);
  });
}
