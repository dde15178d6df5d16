import { expect, onTestFinished, test } from "vitest";
import { openTestQueue } from "../src/testing/index.ts";

test("a job runs and its result is kept", async () => {
  const queue = await openTestQueue();
  onTestFinished(() => queue.dispose());
  queue.registerHandler("greet", { process: (data: { name: string }, _id, job) => {
    job.progress({ current: 1, total: 1 });
    job.log("hello");
    return { text: `hello ${data.name}` };
  } });
  await queue.start();
  const { jobId } = await queue.enqueue("greet", { name: "Ana" });
  const job = await queue.wait(jobId);
  expect(job.state).toBe("completed");
  expect(job.result).toEqual({ text: "hello Ana" });
  expect(job.progress).toMatchObject({ current: 1, total: 1 });
  expect((await queue.service.logs(jobId)).lines.map((l) => l.text)).toEqual(["hello"]);
  await queue.stop();
});
