import { ROLES } from "@brains/plugin";
import { z } from "zod";
import { approvalsSchema, programsSchema } from "./programs.ts";

const pluginEntry = z.strictObject({
  name: z.string().min(1).optional().describe("A plugin that comes with brains"),
  package: z.string().min(1).optional().describe("A package in the brain's own node_modules"),
  path: z.string().min(1).optional().describe("A file in the brain's folder, e.g. ./plugins/feeds.ts"),
  config: z.unknown().optional().describe("The plugin's own config; the plugin checks it"),
});

const checkedEntry = pluginEntry.check((context) => {
  const { name, package: ofPackage, path } = context.value;
  if ([name, ofPackage, path].filter((one) => one !== undefined).length === 1) return;
  context.issues.push({ code: "custom", message: "Give exactly one of name, package and path", input: context.value });
});

function schemaWith<Entry extends z.ZodType>(entry: Entry) {
  return z.strictObject({
    name: z.string().trim().min(1).max(100).optional().describe("What the brain is called. Default: the folder's name"),
    home: z
      .string()
      .min(1)
      .optional()
      .describe("Folder of the store, logs and plugins' data. Default: .brains beside this file"),
    plugins: z.array(entry).default([]).describe("The plugins to load, in this order"),
    worker: z
      .strictObject({
        concurrency: z.int().min(1).max(1000).default(10).describe("Jobs that run at once"),
        idle: z.number().min(0).default(60).describe("Seconds without work after which the worker ends by itself"),
        grace: z
          .number()
          .min(0)
          .max(3600)
          .default(5)
          .describe("Seconds that a job gets to end when it is told to stop"),
        shares: z
          .record(z.string().min(1), z.int().min(1).max(1000))
          .default({})
          .describe("Of the jobs that run at once, how many of a plugin at most: its id, and a number"),
      })
      .prefault({}),
    mcp: z
      .strictObject({ role: z.enum(ROLES).default("operator").describe("Role of models that connect over MCP") })
      .prefault({}),
    people: z
      .record(
        z.string().min(1),
        z.array(z.string().regex(/^[^:]+:.+$/, "Write an identity as interface:name, e.g. matrix:@ada:example.org")),
      )
      .default({})
      .describe("Whose identities belong together: a name, and its identities"),
    durability: z
      .enum(["power", "process"])
      .default("power")
      .describe("What was acknowledged survives a power cut (power) or a crash of the process (process, faster)"),
    retention: z
      .strictObject({
        days: z.number().positive().optional().describe("Ended work is kept this long. Default 30"),
        jobs: z.int().positive().optional().describe("At most this many ended jobs are kept. Default 1000000"),
        megabytes: z.number().positive().optional().describe("Size the store is kept under. Default 2048"),
      })
      .prefault({}),
    programs: programsSchema,
    approvals: approvalsSchema,
  });
}

/** A plugin as a bare word: a file if it looks like one, else one that comes with brains. */
const shorthand = (value: unknown) => {
  if (typeof value !== "string") return value;
  return /^\.{0,2}\/|\.[cm]?[jt]s$/.test(value) ? { path: value } : { name: value };
};

export const configSchema = schemaWith(z.preprocess(shorthand, checkedEntry));
export type BrainConfig = z.output<typeof configSchema>;
export type PluginConfigEntry = BrainConfig["plugins"][number];

/** The config's JSON schema, for editors: `# yaml-language-server: $schema=…`. */
export function configJsonSchema(): Record<string, unknown> {
  const schema = schemaWith(
    z.union([z.string().min(1).describe("The name of a plugin, or the path of its file"), pluginEntry]),
  );
  return { ...z.toJSONSchema(schema, { io: "input", target: "draft-07" }), title: "brains.yaml" };
}
