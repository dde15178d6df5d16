// A plugin: one job that runs in the background, and one tool that starts it.
// Try: brains run hello --name Ada --wait
import { defineJob, definePlugin, defineTool } from "@brains/plugin";
import { z } from "zod";

const greet = defineJob({
  type: "greet",
  input: z.object({ name: z.string().min(1), times: z.number().int().min(1).max(100).default(3) }),
  output: z.object({ greetings: z.array(z.string()) }),
  async run({ name, times }, job) {
    const greetings: string[] = [];
    for (let n = 1; n <= times; n++) {
      job.progress({ current: n, total: times, unit: "greetings" });
      // A step is stored when it has ended: after a crash the job goes on with the next one.
      greetings.push(await job.step(`greeting ${n}`, () => `Hello ${name}! (${n} of ${times})`));
      job.log(`greeted ${name}`);
    }
    return { greetings };
  },
});

const hello = defineTool({
  name: "hello",
  description: "Greet somebody a few times, in the background.",
  input: greet.input,
  run: (input, context) => context.enqueueJob(greet, input, { label: `Greet ${input.name}` }),
});

export default definePlugin({ id: "hello", jobs: [greet], tools: [hello] });
