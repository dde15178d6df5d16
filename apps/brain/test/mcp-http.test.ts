import { stat, writeFile } from "node:fs/promises";
import { expect, test, vi } from "vitest";
import { LIMIT } from "./brain-kit.ts";
import { gatesBrain } from "./gates-brain.ts";
import { CLIENTS, connectHttp } from "./mcp-clients.ts";
import { startHttp } from "./mcp-http-server.ts";

test("over HTTP every client lists, calls, follows and cancels, and the jobs outlive the server", async () => {
  const brain = await gatesBrain();
  const server = await startHttp(brain);
  const clients = await Promise.all(CLIENTS.map((name) => connectHttp(server, name)));
  const lists = await Promise.all(clients.map((client) => client.list()));
  expect(lists[1]).toEqual(lists[0]);
  expect(lists[0]?.map(({ name }) => name)).toEqual(expect.arrayContaining(["shell_status", "gates_steps"]));
  expect(clients.map(({ instructions }) => instructions?.length)).toEqual(clients.map(() => expect.any(Number)));

  for (const client of clients) {
    const readings: number[] = [];
    const ended = await client.call(
      "gates_sections",
      { count: 3, gateAt: 9, wait: 40 },
      { onprogress: ({ progress }) => readings.push(progress) },
    );
    expect(ended.structuredContent).toMatchObject({ status: "completed", completedOperations: 3 });
    expect(readings.length).toBeGreaterThan(0);
    expect(readings).toEqual([...new Set(readings)].toSorted((a, b) => a - b));
  }

  // A cancelled call ends the waiting alone.
  const queue = await brain.queue();
  for (const client of clients) {
    const cancelled = new AbortController();
    const call = client.call("gates_steps", { wait: 50 }, { signal: cancelled.signal });
    await vi.waitFor(async () => expect((await queue.service.list({ active: true })).items).toHaveLength(1), LIMIT);
    cancelled.abort();
    await expect(call).rejects.toThrow();
    const [job] = (await queue.service.list({ active: true })).items;
    expect(job?.cancelling).toBeFalsy();
    await client.call("shell_cancel", { ids: job?.id });
    await vi.waitFor(async () => expect((await queue.service.list({ active: true })).items).toEqual([]), LIMIT);
  }

  const left = await clients[0]?.call("gates_steps");
  expect(await server.stop()).toBe(0);
  expect((await queue.service.getStatus(String(left?.structuredContent?.["jobId"])))?.state).toMatch(
    /^(pending|processing)$/,
  );
});

test("the token is made once, for its owner alone, and a changed one counts from the next request on", async () => {
  const brain = await gatesBrain();
  const server = await startHttp(brain);
  expect((await stat(server.tokenFile)).mode & 0o777).toBe(0o600);
  const status = (token: string) =>
    fetch(server.url, {
      method: "POST",
      headers: { "Content-Type": "application/json", Authorization: `Bearer ${token}` },
      body: "{}",
    }).then((response) => response.status);
  expect(await status(server.token)).toBe(400);
  await writeFile(server.tokenFile, "another-token-that-is-long-enough-to-be-one\n");
  expect(await status(server.token)).toBe(401);
  expect(await status("another-token-that-is-long-enough-to-be-one")).toBe(400);
});

test("an address that others reach is refused unless it is meant", async () => {
  const brain = await gatesBrain();
  const { code, stderr } = await brain.run("mcp", "--http", "--host", "0.0.0.0", "--port", "0");
  expect(stderr).toContain("MCP_ADDRESS_REFUSED");
  expect(code).not.toBe(0);
});
