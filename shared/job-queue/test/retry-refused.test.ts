import { expect, test } from "vitest";
import { codeOf, openQueue } from "./kit.ts";

test("a retry of a batch that is refused takes nothing else of its transaction with it", async () => {
  const queue = await openQueue();
  queue.registerHandler("op", { process: () => "done" });
  await queue.start();
  const { batchId } = await queue.enqueueBatch([{ type: "op", data: 1 }]);
  await queue.batches.wait(batchId);
  const [code, kept, pair] = await Promise.all([
    codeOf(queue.service.retry(batchId)),
    queue.enqueue("op", 2),
    queue.enqueueBatch([{ type: "op", data: 3 }]),
  ]);
  expect(code).toBe("INVALID_STATE");
  expect(await queue.wait(kept.number)).toMatchObject({ state: "completed" });
  expect(await queue.batches.wait(pair.batchId)).toMatchObject({ status: "completed" });
});
