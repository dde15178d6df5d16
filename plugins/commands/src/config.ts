import { z } from "zod";

export const configSchema = z
  .strictObject({
    concurrency: z.int().min(1).max(100).default(3).describe("Commands that run at once; further ones wait"),
    handOver: z
      .number()
      .min(0)
      .max(50)
      .default(10)
      .describe("Seconds that a call waits for the end before it is answered with the output so far"),
    timeout: z
      .number()
      .positive()
      .max(86_400)
      .default(3600)
      .describe("Seconds that a command may run where a call says nothing"),
  })
  .prefault({});
export type CommandsConfig = z.output<typeof configSchema>;
