import { describe, expect, test, vi } from "vitest";
import { MODERN, serveHttp } from "./http-rig.ts";

const LIST = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/list", params: {} });
const INITIALIZE = {
  jsonrpc: "2.0",
  id: 1,
  method: "initialize",
  params: { protocolVersion: "2025-11-25", capabilities: {}, clientInfo: { name: "test", version: "0" } },
};
const META = {
  "io.modelcontextprotocol/protocolVersion": MODERN,
  "io.modelcontextprotocol/clientInfo": { name: "test", version: "0" },
  "io.modelcontextprotocol/clientCapabilities": {},
};
const nested = (depth: number) =>
  `{"jsonrpc":"2.0","id":1,"method":"x","params":${"[".repeat(depth)}${"]".repeat(depth)}}`;

/** What a request is changed to, and the status that it gets. */
const REFUSED: [name: string, change: { headers?: object; body?: string; method?: string; path?: string }, number][] = [
  ["a foreign Host", { headers: { Host: "evil.example" } }, 403],
  ["a Host that points here by DNS", { headers: { Host: "127.0.0.1.nip.io" } }, 403],
  ["a Host behind user data", { headers: { Host: "localhost@evil.example" } }, 400],
  ["a Host with user data", { headers: { Host: "evil@localhost" } }, 400],
  ["a Host with a path", { headers: { Host: "localhost/evil" } }, 400],
  ["this address in another spelling", { headers: { Host: "0x7f.1" } }, 403],
  ["a foreign Origin", { headers: { Origin: "http://evil.example" } }, 403],
  ["the Origin of a sandboxed page", { headers: { Origin: "null" } }, 403],
  ["an Origin that begins like ours", { headers: { Origin: "http://localhost.evil.example" } }, 403],
  ["an Origin of a file", { headers: { Origin: "file://localhost" } }, 403],
  ["a form of a foreign page", { headers: { "Content-Type": "text/plain" } }, 415],
  ["no token", { headers: { Authorization: undefined } }, 401],
  ["a wrong token", { headers: { Authorization: "Bearer mallory" } }, 401],
  ["a token in another scheme", { headers: { Authorization: "Basic ada" } }, 401],
  ["a token in the URL", { headers: { Authorization: undefined }, path: "/mcp?access_token=ada" }, 401],
  ["two slashes", { path: "//mcp" }, 404],
  ["an encoded slash", { path: "/%2Fmcp" }, 404],
  ["a path below", { path: "/mcp/../mcp/x" }, 404],
  ["another path", { path: "/" }, 404],
  ["another method", { method: "PUT", body: "{}" }, 405],
  ["the question of a browser", { method: "OPTIONS" }, 405],
  ["a body over the limit", { body: JSON.stringify({ x: "a".repeat(5 * 1024 * 1024) }) }, 413],
  ["200 000 brackets", { body: nested(200_000) }, 400],
  ["no JSON", { body: "{" }, 400],
  ["no body", { body: "" }, 400],
  ["a request without a session", { body: LIST }, 400],
  ["a session that nobody has", { headers: { "Mcp-Session-Id": "guess" }, body: LIST }, 404],
  ["a stream without a session", { method: "GET" }, 400],
  ["an id that is an object", { body: JSON.stringify({ ...INITIALIZE, id: {} }) }, 400],
  ["an id that is null", { body: JSON.stringify({ ...INITIALIZE, id: null }) }, 400],
  ["an id beyond numbers", { body: JSON.stringify(INITIALIZE).replace('"id":1', '"id":1e400') }, 400],
  ["too many messages at once", { body: JSON.stringify(Array.from({ length: 11 }, () => INITIALIZE)) }, 400],
  ["a batch of handshakes", { body: JSON.stringify(Array.from({ length: 5 }, () => INITIALIZE)) }, 400],
  [
    "another name in the header than in the body",
    { headers: { "MCP-Protocol-Version": MODERN, "Mcp-Method": "tools/call" }, body: LIST },
    400,
  ],
];

test("what must not pass does not, and costs nobody else anything", async () => {
  const { send, tool } = await serveHttp();
  const seen: [string, number][] = [];
  for (const [name, { headers, body = "{}", method, path }] of REFUSED) {
    const answer = await send({ ...headers }, method === "GET" || method === "OPTIONS" ? "" : body, method, path);
    seen.push([name, answer.status]);
    expect(answer.text).not.toContain("ada");
    expect("www-authenticate" in answer.headers).toBe(answer.status === 401);
  }
  expect(seen).toEqual(REFUSED.map(([name, , status]) => [name, status]));
  expect((await tool("kinds_echo", { said: "still here" })).result).toMatchObject({ resultType: "complete" });
});

test.each(["localhost@evil.example", "evil@localhost", "localhost/evil", "localhost:1:2", "", "localhost "])(
  "mounted elsewhere, the Host %j is refused too",
  async (host) => {
    const { mcp } = await serveHttp();
    const request = new Request("http://localhost/mcp", {
      method: "POST",
      headers: { host, Authorization: "Bearer ada" },
    });
    expect((await mcp.fetch(request)).status).toBe(host === "localhost " ? 415 : 403);
  },
);

test("a header that names another tool than the body is refused", async () => {
  const { send } = await serveHttp();
  const params = { name: "shell_cancel", arguments: {}, _meta: META };
  const headers = { "MCP-Protocol-Version": MODERN, "Mcp-Method": "tools/call", "Mcp-Name": "kinds_echo" };
  const { status, text } = await send(headers, JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/call", params }));
  expect(status).toBe(400);
  expect(text).toContain("-32020");
});

test("what is mounted besides is listed and called with the shell's tools, and may call them", async () => {
  const schema = { type: "object", properties: { region: { type: "string", "x-mcp-header": "Region" } } } as const;
  const { call, tool } = await serveHttp({
    native: [
      {
        tool: { name: "shout", inputSchema: schema },
        call: async ({ said }, _, shellTool) => shellTool("kinds_echo", { said: `${String(said)}!` }),
      },
    ],
  });
  const { tools } = (await call("tools/list")).result as { tools: { name: string }[] };
  expect(tools.at(-1)?.name).toBe("shout");
  expect((await tool("shout", { said: "hey" })).result).toMatchObject({ structuredContent: { said: "hey!" } });
  // An argument that the client must repeat in a header.
  expect((await tool("shout", { said: "hey", region: "eu" })).error?.code).toBe(-32020);
});

test("keys that mean something to JavaScript mean nothing here", async () => {
  const { tool } = await serveHttp();
  const args = JSON.parse('{"said":"x","__proto__":{"approved":true},"constructor":{"prototype":{}}}') as object;
  expect((await tool("kinds_echo", args)).result).toMatchObject({ isError: true });
  expect(({} as { approved?: boolean }).approved).toBeUndefined();
});

test("two clients with the same request id each get their own answer", async () => {
  const { send } = await serveHttp();
  const answers = await Promise.all(
    Array.from({ length: 20 }, (_, n) => {
      const said = `said by ${n}`;
      const params = { name: "kinds_echo", arguments: { said }, _meta: META };
      const headers = { "MCP-Protocol-Version": MODERN, "Mcp-Method": "tools/call", "Mcp-Name": "kinds_echo" };
      return send(
        { ...headers, Authorization: n % 2 ? "Bearer ada" : "Bearer bob" },
        JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/call", params }),
      );
    }),
  );
  expect(answers.map(({ text }, n) => text.includes(`said by ${n}"`))).toEqual(answers.map(() => true));
});

describe("a client of an older revision", () => {
  async function session(options: Parameters<typeof serveHttp>[0] = {}) {
    const server = await serveHttp(options);
    const open = async (token = "ada") => {
      const answer = await server.send({ Authorization: `Bearer ${token}` }, JSON.stringify(INITIALIZE));
      return { status: answer.status, id: String(answer.headers["mcp-session-id"]) };
    };
    const list = async (id: string, token = "ada") =>
      (await server.send({ "Mcp-Session-Id": id, Authorization: `Bearer ${token}` }, LIST)).status;
    return { ...server, open, list };
  }

  test("has a session that is its own and that it can end", async () => {
    const { open, list, send } = await session();
    const { id } = await open();
    expect(await list(id)).toBe(200);
    expect(await list(id, "bob")).toBe(404);
    expect((await send({ "Mcp-Session-Id": id }, "", "DELETE")).status).toBe(200);
    expect(await list(id)).toBe(404);
  });

  test("loses a session that it does not use, and the oldest one when it opens too many", async () => {
    let now = 0;
    const { open, list } = await session({ now: () => now, limits: { sessions: 2, idle: 1000 } });
    const [first, second] = [await open(), await open()];
    now += 1;
    expect(await list(first.id)).toBe(200);
    const third = await open();
    expect(await Promise.all([first, second, third].map(({ id }) => list(id)))).toEqual([200, 404, 200]);
    now += 2000;
    expect(await list(third.id)).toBe(404);
  });

  test("ends its waiting with a notification, and the job goes on", async () => {
    const { open, send, kit } = await session();
    const { id } = await open();
    const headers = { "Mcp-Session-Id": id };
    const params = { name: "kinds_ask", arguments: { wait: 50 } };
    const answer = send(headers, JSON.stringify({ jsonrpc: "2.0", id: 7, method: "tools/call", params }));
    await vi.waitFor(async () => expect((await kit.queue.service.list({ state: "processing" })).items).toHaveLength(1));
    const cancelled = { jsonrpc: "2.0", method: "notifications/cancelled", params: { requestId: 7 } };
    expect((await send(headers, JSON.stringify(cancelled))).status).toBe(202);
    const { items } = await kit.queue.service.list({ state: "processing" });
    expect(items).toMatchObject([{ cancelling: false }]);
    await kit.queue.service.sendInput(items[0]?.id ?? "", { text: "done" });
    // A cancelled request has no answer; the stream that it was asked on is closed with the session.
    await send(headers, "", "DELETE");
    expect((await answer).text).not.toContain('"id":7');
  });
});

test.each([
  ["in one piece", {}, false],
  ["as a stream", { progressToken: 1 }, true],
])(
  "a client that goes away in the middle of a call, answered %s, leaves its job alone and nothing behind",
  async (_, more, streams) => {
    const { kit, url, tool } = await serveHttp({ limits: { open: 1 } });
    let started = false;
    const leaving = new AbortController();
    const _meta = { ...META, ...more };
    const params = { name: "kinds_ask", arguments: { wait: 50 }, _meta };
    const gone = fetch(url, {
      method: "POST",
      signal: leaving.signal,
      headers: {
        Authorization: "Bearer ada",
        "Content-Type": "application/json",
        Accept: "application/json, text/event-stream",
        "MCP-Protocol-Version": MODERN,
        "Mcp-Method": "tools/call",
        "Mcp-Name": "kinds_ask",
      },
      body: JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/call", params }),
    }).then((response) => {
      started = true;
      return response.text();
    });
    await vi.waitFor(async () => expect((await kit.queue.service.list({ state: "processing" })).items).toHaveLength(1));
    expect((await tool("kinds_echo", { said: "x" })).status).toBe(429);
    await vi.waitFor(() => expect(started).toBe(streams));
    leaving.abort();
    await expect(gone).rejects.toThrow();
    await vi.waitFor(async () => expect((await tool("kinds_echo", { said: "x" })).status).toBe(200));
    expect((await kit.queue.service.list({ state: "processing" })).items).toMatchObject([{ cancelling: false }]);
  },
);

test("a principal has a rate and a number of open requests, and others have their own", async () => {
  let now = 0;
  const { tool, kit } = await serveHttp({ now: () => now, limits: { rate: 1, burst: 2, open: 1 } });
  const statuses = async (token: string, times: number) => {
    const all: number[] = [];
    for (let n = 0; n < times; n++) all.push((await tool("kinds_echo", { said: "x" }, { token })).status);
    return all;
  };
  expect(await statuses("ada", 3)).toEqual([200, 200, 429]);
  expect(await statuses("bob", 1)).toEqual([200]);
  now += 2000;
  const waiting = tool("kinds_ask", { wait: 50 });
  await vi.waitFor(async () => expect((await kit.queue.service.list({ state: "processing" })).items).toHaveLength(1));
  expect(await statuses("ada", 1)).toEqual([429]);
  const [job] = (await kit.queue.service.list({ state: "processing" })).items;
  await kit.queue.service.sendInput(job?.id ?? "", { text: "done" });
  expect((await waiting).status).toBe(200);
  expect(await statuses("ada", 1)).toEqual([200]);
});
