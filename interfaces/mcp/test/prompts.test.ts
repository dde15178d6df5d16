import { expect, test, vi } from "vitest";
import { serveHttp } from "./http-rig.ts";

async function serve() {
  const server = await serveHttp();
  const prompt = async (name: string, args: object = {}, token = "ada") => {
    const { result, error } = await server.call("prompts/get", { name, arguments: args }, { token });
    return error ?? JSON.stringify(result?.["messages"]);
  };
  const complete = async (name: string, argument: string, value: string) =>
    (
      await server.call("completion/complete", {
        ref: { type: "ref/prompt", name },
        argument: { name: argument, value },
      })
    ).result?.["completion"];
  return { ...server, prompt, complete };
}

test("the prompts bring what they speak of: the work, and a failed job with its error", async () => {
  const { call, tool, prompt, complete, kit } = await serve();
  const { prompts } = (await call("prompts/list")).result as { prompts: { name: string }[] };
  expect(prompts.map(({ name }) => name)).toEqual(["what_runs_now", "why_did_it_fail", "run_in_background"]);
  await tool("kinds_approve");
  await vi.waitFor(async () => expect((await kit.queue.requests.list({ open: true })).length).toBe(1));
  expect(await prompt("what_runs_now")).toContain("Shall it go on?");
  await tool("kinds_count", { to: 1, fail: true, wait: 30 });
  const { items } = await kit.queue.service.list({ state: "failed" });
  const number = String(items[0]?.number);
  expect(await complete("why_did_it_fail", "job", "")).toMatchObject({ values: [number] });
  const why = await prompt("why_did_it_fail", { job: `#${number}` });
  expect(why).toContain("counted to the end and broke");
  expect(why).toContain("shell_retry");
  expect(await prompt("why_did_it_fail", { job: "99" })).toMatchObject({ code: -32602 });
});

test("a tool that starts work is completed, and another one is refused", async () => {
  const { prompt, complete } = await serve();
  expect(await complete("run_in_background", "tool", "kinds_a")).toMatchObject({
    values: ["kinds_approve", "kinds_ask", "kinds_ask_two"],
  });
  expect(await prompt("run_in_background", { tool: "kinds_ask", wish: "two lines" })).toContain("two lines");
  expect(await prompt("run_in_background", { tool: "kinds_echo" })).toMatchObject({ code: -32602 });
});
