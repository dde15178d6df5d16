import { z } from "zod";
import type { WaitReply } from "../replies.ts";
import { isEndedState } from "../states.ts";
import { operationLine } from "../status-words.ts";
import type { Call, Tool } from "../tool-table.ts";
import { LONGEST_WAIT, listenTo, waitForWork } from "../waiting.ts";
import { count, whereToDecide } from "../wording.ts";
import { Operations } from "./operations-of.ts";
import { findWork, refsSchema, verbTool } from "./verb.ts";
import type { Found, VerbPorts } from "./verb.ts";

const DEFAULT_WAIT = 25;

export function waitVerb(ports: VerbPorts): Tool {
  return verbTool({
    name: "wait",
    title: "Wait for work to end",
    description: `Waits until jobs or batches have ended (or can go on only after a person's decision), at most ${LONGEST_WAIT} seconds. Much cheaper than asking shell:status again and again. When the time is up the work goes on; call it again.`,
    input: z.object({
      ids: refsSchema,
      timeout: z.number().min(0).max(LONGEST_WAIT).default(DEFAULT_WAIT).describe("Seconds"),
      any: z.boolean().default(false).describe("Return when the first of them ended"),
    }),
    role: "viewer",
    readOnly: true,
    async run({ ids, timeout, any }, call) {
      const work = await Promise.all(ids.map((id) => findWork(ports.queue, id, "waited for")));
      await waitForAll(ports, work, timeout, any, call);
      const operations = new Operations(ports);
      const lines = await Promise.all(work.map((one) => operations.of(one)));
      const data = waitReply(lines, any, timeout);
      return { data, text: [data.message, ...lines.map((one) => operationLine(one, ports.now()))].join("\n") };
    },
  });
}

async function waitForAll(
  { queue }: VerbPorts,
  work: readonly (Found & { kind: "job" | "batch" })[],
  seconds: number,
  any: boolean,
  call: Call,
): Promise<void> {
  const silence =
    call.onProgress === undefined
      ? undefined
      : listenTo(queue, work, await queue.events.cursor(), call.caller, call.onProgress);
  const enough = new AbortController();
  const signal = AbortSignal.any([call.signal, enough.signal]);
  try {
    const waits = work.map((one) => waitForWork(queue, one, seconds * 1000, signal));
    await (any ? Promise.race(waits) : Promise.all(waits));
  } finally {
    enough.abort();
    silence?.();
  }
}

function waitReply(operations: WaitReply["operations"], any: boolean, seconds: number): WaitReply {
  const ended = operations.filter((one) => isEndedState(one.status));
  const open = operations.filter((one) => !isEndedState(one.status));
  const enough = any ? ended.length > 0 : open.length === 0;
  const requests = operations.flatMap((one) => one.requests);
  const waitingForDecision = !enough && requests.length > 0;
  return {
    ended: enough,
    timedOut: !enough && !waitingForDecision,
    waitingForDecision,
    message: message(),
    operations,
  };

  function message(): string {
    if (enough) return open.length === 0 ? "Ended." : `${count(ended.length, "of them", "of them")} ended.`;
    if (waitingForDecision) return whereToDecide(requests);
    return `Not ended within ${count(seconds, "second")}; it goes on. Wait again, or do something else meanwhile.`;
  }
}
