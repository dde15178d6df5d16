import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { createTaskSessionFromClient, type RawClientDispatch } from "@modelcontextprotocol/ext-tasks/client";
import { expect, onTestFinished, test, vi } from "vitest";
import { kill, LIMIT } from "./brain-kit.ts";
import { gatesBrain } from "./gates-brain.ts";
import { startHttp, type HttpServer } from "./mcp-http-server.ts";

const PROTOCOL = "2026-07-28";
const INFO = { name: "brains-test", version: "0.0.0" };

/** Sends what the client's own codecs do not know, as the package for tasks wants it. */
function dispatchTo(server: () => HttpServer): RawClientDispatch {
  return async (request) => {
    const { method, params } = request as { method: string; params: { name?: string; taskId?: string } };
    const { url, token } = server();
    const response = await fetch(url, {
      method: "POST",
      headers: {
        "Content-Type": "application/json",
        Accept: "application/json, text/event-stream",
        Authorization: `Bearer ${token}`,
        "MCP-Protocol-Version": PROTOCOL,
        "Mcp-Method": method,
        "Mcp-Name": params.name ?? params.taskId ?? "",
      },
      body: JSON.stringify({ jsonrpc: "2.0", id: 1, method, params }),
    });
    const { result, error } = (await response.json()) as { result: never; error?: never };
    return error === undefined ? { kind: "result", result } : { kind: "error", error };
  };
}

async function connect(server: () => HttpServer) {
  const client = new Client(INFO, { versionNegotiation: { mode: "auto" } });
  const requestInit = { headers: { Authorization: `Bearer ${server().token}` } };
  await client.connect(new StreamableHTTPClientTransport(new URL(server().url), { requestInit }));
  const clientCapabilities = { extensions: { "io.modelcontextprotocol/tasks": {} } };
  const session = createTaskSessionFromClient(client, {
    endpointId: "brains-test",
    rawDispatch: dispatchTo(server),
    v2RequestFraming: { protocolVersion: PROTOCOL, clientInfo: INFO, clientCapabilities },
  });
  onTestFinished(async () => {
    await session.close();
    await client.close();
  });
  return session;
}

test("a client with tasks follows one task to its result, past the death of the server that gave it", async () => {
  const brain = await gatesBrain();
  let server = await startHttp(brain);
  const session = await connect(() => server);
  const execution = await session.callTool("gates_steps", {});
  expect(execution.kind).toBe("task");
  const settled = execution.settle();
  await vi.waitFor(async () => expect(await brain.ledger("steps")).toEqual(["one began"]), LIMIT);
  const dead = server.pid;
  server = await startHttp(brain);
  kill(dead);
  for (const gate of ["one", "two", "three"]) await brain.open(gate);
  expect((await settled).outcome).toMatchObject({
    status: "completed",
    result: { structuredContent: { status: "completed", result: { steps: 3 } } },
  });
  expect(await brain.ledger("steps")).toHaveLength(6);
});

test("a task that is cancelled is cancelled, and one that is left is not", async () => {
  const brain = await gatesBrain();
  const server = await startHttp(brain);
  const session = await connect(() => server);
  const [left, cancelled] = [await session.callTool("gates_steps", {}), await session.callTool("gates_steps", {})];
  await left.detach();
  await cancelled.cancel();
  expect((await cancelled.settle()).outcome).toMatchObject({ status: "cancelled" });
  const queue = await brain.queue();
  const { items } = await queue.service.list();
  expect(items.map(({ state, cancelling }) => [state, cancelling])).toEqual([
    ["cancelled", false],
    [expect.stringMatching(/^(pending|processing)$/), false],
  ]);
});
