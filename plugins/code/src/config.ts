import { z } from "zod";

export const SANDBOXES = ["none", "quickjs", "bwrap"] as const;
export type Sandbox = (typeof SANDBOXES)[number];

const DAY_SECONDS = 86_400;
export const secondsSchema = z.number().positive().max(DAY_SECONDS);

export const configSchema = z
  .strictObject({
    sandbox: z.enum(SANDBOXES).default("none").describe("What holds code that names no sandbox. `none`: nothing does"),
    timeout: secondsSchema.default(3600).describe("Seconds that code may run that names no time, up to 24 hours"),
    handOver: z
      .number()
      .min(0)
      .max(50)
      .default(30)
      .describe("Seconds after which a call is answered without the value"),
    concurrency: z.int().min(1).max(100).default(3).describe("Executions that run at once; further ones wait"),
    memoryMegabytes: z.number().min(1).max(2048).default(64).describe("Memory of code in quickjs"),
  })
  .prefault({});

export type CodeConfig = z.output<typeof configSchema>;
