import { expect, test, vi } from "vitest";
import { serveHttp, type Reply } from "./http-rig.ts";

const TASKS = { tasks: true };

async function start(server: Awaited<ReturnType<typeof serveHttp>>, tool: string, args: object = {}) {
  const { result } = await server.tool(tool, args, TASKS);
  expect(result).toMatchObject({ resultType: "task" });
  const taskId = String(result?.["taskId"]);
  const get = (token = "ada") => server.call("tasks/get", { taskId }, { token, tasks: true });
  const until = (status: string): Promise<Reply["result"]> =>
    vi.waitFor(async () => {
      const task = (await get()).result;
      expect(task).toMatchObject({ status });
      return task;
    });
  return { taskId, created: result, get, until };
}

test("work is a task for a client that takes tasks, and the queued answer for another", async () => {
  const server = await serveHttp();
  const plain = await server.tool("kinds_ask");
  expect(plain.result).toMatchObject({ resultType: "complete", structuredContent: { status: "queued" } });
  const { taskId, created, get } = await start(server, "kinds_ask");
  expect(created).toMatchObject({ ttlMs: null, pollIntervalMs: expect.any(Number) as number });
  // The number is what a person calls it.
  expect(taskId).toMatch(/^2-[a-z0-9]{20,}\.1$/);
  expect((await get()).result).toMatchObject({ resultType: "complete", taskId, createdAt: created?.["createdAt"] });
});

test("a task that ended carries the tool's result, a failure too", async () => {
  const server = await serveHttp();
  const good = await (await start(server, "kinds_count", { to: 3 })).until("completed");
  expect(good?.["result"]).toMatchObject({
    resultType: "complete",
    structuredContent: { status: "completed", result: { counted: 3 } },
  });
  const bad = await (await start(server, "kinds_count", { to: 3, fail: true })).until("completed");
  expect(bad?.["result"]).toMatchObject({ isError: true, structuredContent: { status: "failed", reason: "error" } });
});

test("work that ended while the call waited for it is answered at once", async () => {
  const server = await serveHttp();
  const { result } = await server.tool("kinds_count", { to: 3, wait: 30 }, TASKS);
  expect(result).toMatchObject({ resultType: "complete", structuredContent: { result: { counted: 3 } } });
});

test("a job that waits for input asks for it, and goes on with the answer", async () => {
  const server = await serveHttp();
  const { taskId, until, get } = await start(server, "kinds_ask");
  const asked = await until("input_required");
  const [key = ""] = Object.keys(asked?.["inputRequests"] ?? {});
  expect(asked?.["inputRequests"]).toMatchObject({ [key]: { method: "elicitation/create" } });
  const update = (response: object) =>
    server.call("tasks/update", { taskId, inputResponses: { [key]: response } }, TASKS);
  expect((await update({ action: "decline" })).result).toEqual(expect.objectContaining({ resultType: "complete" }));
  expect((await get()).result).toMatchObject({ status: "input_required" });
  await update({ action: "accept", content: { text: "yes" } });
  const ended = await until("completed");
  expect(ended?.["result"]).toMatchObject({ structuredContent: { result: { said: ["yes\n"] } } });
});

test("what is asked again has another name, and an answer to the old one is not taken for it", async () => {
  const server = await serveHttp();
  const { taskId, until } = await start(server, "kinds_ask", { times: 2 });
  const asked = async () => Object.keys((await until("input_required"))?.["inputRequests"] ?? {})[0] ?? "";
  const answer = (key: string, text: string) =>
    server.call("tasks/update", { taskId, inputResponses: { [key]: { action: "accept", content: { text } } } }, TASKS);
  const first = await asked();
  await answer(first, "one");
  const second = await asked();
  expect(second).not.toBe(first);
  await answer(first, "late");
  await answer(second, "two");
  const ended = await until("completed");
  expect(ended?.["result"]).toMatchObject({ structuredContent: { result: { said: ["one\n", "two\n"] } } });
});

test("a batch is one task, which asks for what its jobs ask for until all have it", async () => {
  const server = await serveHttp();
  const { taskId, until, get } = await start(server, "kinds_ask_two");
  const keys = await vi.waitFor(async () => {
    const found = Object.keys((await get()).result?.["inputRequests"] ?? {});
    expect(found).toHaveLength(2);
    return found;
  });
  const answer = (key: string) =>
    server.call(
      "tasks/update",
      { taskId, inputResponses: { [key]: { action: "accept", content: { text: "a" } } } },
      TASKS,
    );
  await answer(keys[0] ?? "");
  expect(Object.keys((await get()).result?.["inputRequests"] ?? {})).toEqual([keys[1]]);
  await answer(keys[1] ?? "");
  expect((await until("completed"))?.["result"]).toMatchObject({ structuredContent: { completedOperations: 2 } });
});

test("a waiting approval is working, and says where a person decides", async () => {
  const server = await serveHttp();
  const { get } = await start(server, "kinds_approve");
  await vi.waitFor(async () => {
    const task = (await get()).result;
    expect(task).toMatchObject({ status: "working" });
    expect(task?.["statusMessage"]).toMatch(/Shall it go on\?.*brains approve \d+/);
  });
});

test("tasks/cancel cancels, as often as it is sent", async () => {
  const server = await serveHttp();
  const { taskId, until } = await start(server, "kinds_ask");
  await until("input_required");
  const cancel = () => server.call("tasks/cancel", { taskId }, TASKS);
  expect((await cancel()).result).toMatchObject({ resultType: "complete" });
  await until("cancelled");
  expect((await cancel()).result).toMatchObject({ resultType: "complete" });
});

test("a task is nobody else's, unless their role may see results", async () => {
  const server = await serveHttp();
  for (const tool of ["kinds_ask", "kinds_ask_two"]) {
    const { taskId, get } = await start(server, tool);
    for (const method of ["tasks/get", "tasks/update", "tasks/cancel"]) {
      const { error } = await server.call(method, { taskId, inputResponses: {} }, { token: "bob", tasks: true });
      expect(error?.code, method).toBe(-32602);
    }
    expect((await get("eve")).result).toMatchObject({ taskId });
    expect((await get()).result).not.toMatchObject({ status: "cancelled" });
  }
});

test.each(["1", "nonsense", "1-aaaaaaaaaaaaaaaaaaaaaaaaaa.1", "../../x", "%' or 1=1", ""])(
  "no task: %j",
  async (taskId) => {
    const server = await serveHttp();
    await server.tool("kinds_ask");
    for (const method of ["tasks/get", "tasks/cancel"]) {
      const { error } = await server.call(method, { taskId }, TASKS);
      expect(error?.code).toBeLessThan(0);
    }
  },
);

test("a run that another one followed tells so, and the id of the present run is another", async () => {
  const server = await serveHttp();
  const { taskId, until, get } = await start(server, "kinds_count", { to: 1, fail: true });
  await until("completed");
  const id = taskId.split(".")[0];
  await server.tool("shell_retry", { id });
  const earlier = (await get()).result;
  expect(earlier).toMatchObject({ status: "completed", result: { isError: true } });
  expect(earlier?.["statusMessage"]).toContain("run 2");
  expect((await server.call("tasks/get", { taskId: `${id}.2` }, TASKS)).result).toMatchObject({ taskId: `${id}.2` });
  expect((await server.call("tasks/get", { taskId: `${id}.3` }, TASKS)).error?.code).toBe(-32602);
});

test("whoever does not take tasks cannot ask about them", async () => {
  const server = await serveHttp({ onlyAsTask: (tool) => tool === "kinds:count" });
  const { taskId } = await start(server, "kinds_ask");
  for (const method of ["tasks/get", "tasks/update", "tasks/cancel"]) {
    expect((await server.call(method, { taskId })).error?.code).toBe(-32021);
  }
  expect((await server.tool("kinds_count", { to: 1 })).error?.code).toBe(-32021);
});
