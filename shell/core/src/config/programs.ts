// The keys `programs` and `approvals` of the config.
import { z } from "zod";
import { policySchema, thresholdsSchema } from "../programs/policy/schema.ts";

const VARIABLE = /^[A-Za-z_][A-Za-z0-9_]*$/;
const variable = z.string().regex(VARIABLE, "Write a name of letters, digits and _, no digit first");
const listed = (path: string) => path.split(":").every((folder) => folder.startsWith("/"));

export const programsSchema = z
  .strictObject({
    folders: z
      .array(z.string().min(1))
      .optional()
      .describe("Folders that programs may work in. Default: the brain's folder and the system's temporary folder"),
    path: z
      .string()
      .min(1)
      .refine(listed, "Write absolute folders with : between them")
      .optional()
      .describe("Where programs are looked up by name. Default: the system's folders, then the one with Node"),
    environment: z
      .record(variable, z.string())
      .default({})
      .describe("Variables that a program gets when it is asked for with their name"),
    secrets: z
      .array(variable)
      .default([])
      .describe("Names whose values are masked in all output. They stand in secrets.env in the home"),
    keepMegabytes: z
      .number()
      .min(2)
      .max(65_536)
      .default(64)
      .describe("Output of a run that is kept: its head and its tail"),
    killMegabytes: z.number().positive().optional().describe("A program that writes more than this is stopped"),
    grace: z
      .number()
      .min(0)
      .max(3600)
      .default(3)
      .describe("Seconds that a program gets to end. Never more than one less than worker.grace"),
    concurrency: z
      .int()
      .min(1)
      .max(100)
      .default(10)
      .describe("Programs of all plugins that run at once; further ones wait inside of their job, whose time runs"),
    userNamespace: z
      .boolean()
      .default(false)
      .describe("Hold programs by a user namespace where the system gives no other"),
    policy: policySchema,
    thresholds: thresholdsSchema,
  })
  .prefault({});

export const approvalsSchema = z
  .strictObject({
    hours: z
      .number()
      .positive()
      .max(87_600)
      .default(24)
      .describe("Hours after which an open request and its answer expire"),
    requesterMayDecide: z.boolean().default(true).describe("Whether whoever started the work may also approve it"),
    largeFiles: z
      .enum(["refuse", "by-stat"])
      .default("refuse")
      .describe("A file over 32 MiB among the arguments: refused, or bound by its inode, size and time"),
  })
  .prefault({});

export type ProgramsConfig = z.output<typeof programsSchema>;
/** As it stands in a config. */
export type ProgramsInput = z.input<typeof programsSchema>;
export type ApprovalsInput = z.input<typeof approvalsSchema>;
export type ApprovalsConfig = z.output<typeof approvalsSchema>;
