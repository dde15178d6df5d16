// Many clients that poll many tasks over HTTP: what one poll takes. Run: node apps/brain/load/task-polling.ts [seconds] [interval]
// The server is a process of its own, with the real shell, queue and worker. `interval`: milliseconds between two polls of one task, 0 for as
// fast as answers come. Prints the load that was really made, and how long answers took.
import { fork } from "node:child_process";
import { once } from "node:events";
import { Agent, request } from "node:http";
import { fileURLToPath } from "node:url";
import type { Served } from "./task-server.ts";

const CLIENTS = 100;
const TASKS = 1000;
/** Seconds in which a new process is slow. */
const WARM = 3;
const MODERN = "2026-07-28";

const [seconds = 20, interval = 1000] = process.argv.slice(2).map(Number);
const server = fork(fileURLToPath(new URL("./task-server.ts", import.meta.url)), [String(TASKS)], {
  execArgv: ["--expose-gc"],
});
const [{ url, taskIds }] = (await once(server, "message")) as [Served];
const agent = new Agent({ keepAlive: true, maxSockets: CLIENTS });

const times: number[] = [];
let warm = 0;
let failed = 0;
let bytes = 0;
const { cpu: cpuBefore, heap: heapBefore } = await usage();
const begun = performance.now();
const end = begun + seconds * 1000;
await Promise.all(Array.from({ length: CLIENTS }, (_, client) => poll(client)));
const took = (performance.now() - begun) / 1000;
const { cpu, heap } = await usage();
server.kill();

const mib = (size: number) => Math.round(size / 1024 / 1024);
console.log(
  `${CLIENTS} clients, ${TASKS} tasks, ${interval === 0 ? "as fast as answers come" : `each task polled every ${interval} ms`}, ${took.toFixed(0)} s`,
);
console.log(
  `${times.length} polls (${Math.round(times.length / took)}/s), ${failed} failed, ${Math.round(bytes / times.length)} bytes an answer`,
);
console.log(`ms: ${spread(times)}`);
console.log(`ms after the first ${WARM} s: ${spread(times.slice(warm))}`);
console.log(
  `server: ${((cpu - cpuBefore) / 1000 / times.length).toFixed(2)} ms of processor a poll, ${mib(heapBefore)} → ${mib(heap)} MiB of memory in use`,
);

function spread(all: readonly number[]): string {
  const sorted = all.toSorted((a, b) => a - b);
  const at = (share: number) => (sorted[Math.floor(sorted.length * share)] ?? 0).toFixed(1);
  return `p50 ${at(0.5)}, p90 ${at(0.9)}, p99 ${at(0.99)}, worst ${(sorted.at(-1) ?? 0).toFixed(1)}`;
}

/** One client polls its share of the tasks in turn, spread over the interval. */
async function poll(client: number): Promise<void> {
  const own = taskIds.filter((_, index) => index % CLIENTS === client);
  const step = interval / own.length;
  let due = begun + (client / CLIENTS) * step;
  for (let turn = 0; performance.now() < end; turn++) {
    if (interval > 0) await until(due);
    due += step;
    const sent = performance.now();
    const text = await get(client, own[turn % own.length] ?? "");
    times.push(performance.now() - sent);
    if (sent - begun < WARM * 1000) warm = times.length;
    bytes += text.length;
    if (!text.includes('"statusMessage"')) failed += 1;
  }
}

function until(due: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, Math.max(0, due - performance.now())));
}

function get(client: number, taskId: string): Promise<string> {
  const _meta = {
    "io.modelcontextprotocol/protocolVersion": MODERN,
    "io.modelcontextprotocol/clientInfo": { name: "load", version: "0" },
    "io.modelcontextprotocol/clientCapabilities": { extensions: { "io.modelcontextprotocol/tasks": {} } },
  };
  const headers = {
    Authorization: `Bearer client-${client}`,
    "Content-Type": "application/json",
    Accept: "application/json, text/event-stream",
    "MCP-Protocol-Version": MODERN,
    "Mcp-Method": "tasks/get",
    "Mcp-Name": taskId,
  };
  return new Promise((resolve, reject) => {
    const sent = request(url, { method: "POST", agent, headers }, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
      response.on("end", () => resolve(text));
    });
    sent.on("error", reject);
    sent.end(JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tasks/get", params: { taskId, _meta } }));
  });
}

async function usage(): Promise<{ cpu: number; heap: number }> {
  const answer = once(server, "message");
  server.send("usage");
  return ((await answer) as [{ cpu: number; heap: number }])[0];
}
