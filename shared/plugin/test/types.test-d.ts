import { expectTypeOf, test } from "vitest";
import { z } from "zod";
import { batchOf, defineJob, definePlugin, defineSchedule, defineTool } from "../src/index.ts";
import type { JobInput, JobOutput, PluginContext, RunningJob, ToolContext } from "../src/index.ts";

declare module "../src/index.ts" {
  interface PluginJobDefinitions {
    "site-build": { input: { outputDir: string; clean?: boolean }; output: { pages: number } };
  }
}

declare const context: PluginContext;

const importFeeds = defineJob({
  type: "import-feeds",
  input: z.object({ urls: z.array(z.url()).min(1), depth: z.number().default(1) }),
  output: z.object({ imported: z.number().int() }),
  run({ urls, depth }, job) {
    expectTypeOf(urls).toEqualTypeOf<string[]>();
    expectTypeOf(depth).toEqualTypeOf<number>();
    expectTypeOf(job).toEqualTypeOf<RunningJob>();
    return { imported: urls.length };
  },
});

test("a job definition types the data of every enqueue", () => {
  void context.enqueueJob(importFeeds, { urls: ["https://example.org/feed"] });
  // @ts-expect-error a missing field
  void context.enqueueJob(importFeeds, { depth: 2 });
  // @ts-expect-error a wrong type
  void context.enqueueJob(importFeeds, { urls: "https://example.org/feed" });
  // @ts-expect-error an unknown field
  void context.enqueueJob(importFeeds, { urls: [], url: "x" });
});

test("an augmented type name types the data of every enqueue", () => {
  void context.enqueueJob("site-build", { outputDir: "site" });
  // @ts-expect-error a missing field
  void context.enqueueJob("site-build", { clean: true });
  // @ts-expect-error a wrong type
  void context.enqueueJob("site-build", { outputDir: 1 });
  // @ts-expect-error no data at all
  void context.enqueueJob("site-build");
});

test("a type name that nobody described takes any data", () => {
  void context.enqueueJob("unknown-type", { anything: 1 });
  void context.enqueueJob("unknown-type");
});

test("members of a batch are typed in both forms", () => {
  void context.enqueueBatch([
    batchOf(importFeeds, { urls: ["https://example.org"] }, { label: "one" }),
    batchOf("site-build", { outputDir: "site" }),
    batchOf("unknown-type", 1),
  ]);
  // @ts-expect-error a wrong type
  batchOf(importFeeds, { urls: 1 });
  // @ts-expect-error a wrong type
  batchOf("site-build", { outputDir: 1 });
  // @ts-expect-error an option that members do not have
  batchOf(importFeeds, { urls: ["https://example.org"] }, { lable: "one" });
});

test("a job's input and output can be named", () => {
  expectTypeOf<JobInput<typeof importFeeds>>().toEqualTypeOf<{ urls: string[]; depth?: number | undefined }>();
  expectTypeOf<JobOutput<typeof importFeeds>>().toEqualTypeOf<{ imported: number }>();
  const counted = defineJob({ type: "count", input: z.object({}), run: () => Promise.resolve(3) });
  expectTypeOf<JobOutput<typeof counted>>().toEqualTypeOf<number>();
});

test("a job whose run does not return its output schema does not compile", () => {
  defineJob({
    type: "wrong",
    input: z.object({}),
    output: z.object({ imported: z.number() }),
    // @ts-expect-error a wrong type
    run: () => ({ imported: "three" }),
  });
});

test("a tool's input is the schema's output", () => {
  defineTool({
    name: "import",
    description: "Import feeds",
    input: importFeeds.input,
    run(input, toolContext) {
      expectTypeOf(input).toEqualTypeOf<{ urls: string[]; depth: number }>();
      expectTypeOf(toolContext).toEqualTypeOf<ToolContext>();
      return toolContext.enqueueJob(importFeeds, input);
    },
  });
  // @ts-expect-error a misspelt key
  defineTool({ name: "x", description: "x", run: () => 1, anotations: {} });
});

test("a plugin's hooks get its config, and take jobs and tools of every input", () => {
  definePlugin({
    id: "feeds",
    config: z.object({ every: z.number().default(60) }),
    jobs: [importFeeds, defineJob({ type: "other", input: z.string(), run: (text) => text.length })],
    tools: [defineTool({ name: "t", description: "t", input: z.object({ a: z.string() }), run: ({ a }) => a })],
    register(registering) {
      expectTypeOf(registering.config).toEqualTypeOf<{ every: number }>();
      registering.registerJobHandler("site-build", { process: ({ outputDir }) => ({ pages: outputDir.length }) });
      registering.registerJobHandler("free-form", { process: (data: { name: string }) => data.name });
      registering.registerJobHandler(importFeeds);
      // @ts-expect-error the augmented type has no such input
      registering.registerJobHandler("site-build", { process: (data: { other: string }) => ({ pages: data.other }) });
    },
  });
  // @ts-expect-error a misspelt hook
  definePlugin({ id: "feeds", onStart() {} });
});

test("a tool or job may name the config it expects", () => {
  type FeedsContext = ToolContext<{ every: number }>;
  const tool = defineTool({
    name: "t",
    description: "t",
    input: z.object({}),
    run: (_input, toolContext: FeedsContext) => toolContext.config.every,
  });
  definePlugin({ id: "feeds", tools: [tool] });
});

test("a schedule is typed by its job, and any of them fits a plugin", () => {
  const nightly = defineSchedule({ name: "nightly", cron: "0 3 * * *", job: importFeeds, data: { urls: [] } });
  definePlugin({
    id: "feeds",
    jobs: [importFeeds],
    schedules: [nightly, { name: "often", every: 60_000, job: "build" }],
  });
  // @ts-expect-error data of another shape
  defineSchedule({ name: "nightly", cron: "0 3 * * *", job: importFeeds, data: { url: 1 } });
  // @ts-expect-error an unknown policy
  defineSchedule({ name: "nightly", every: 60_000, job: importFeeds, data: { urls: [] }, overlap: "both" });
});
