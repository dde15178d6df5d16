import type { ToolInfo } from "@brains/shell";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { INSTRUCTIONS } from "../src/instructions.ts";
import { MAX_WAIT, offerTools } from "../src/tool-list.ts";

function info(name: string, over: Partial<ToolInfo> = {}): ToolInfo {
  return {
    name,
    plugin: name.split(":")[0] ?? "",
    title: "A tool",
    description: "Does something.",
    input: z.object({}),
    role: "operator",
    audience: "both",
    visibility: "public",
    annotations: { readOnly: false, destructive: true, idempotent: false },
    ...over,
  };
}

function offer(tool: ToolInfo) {
  const [offered] = offerTools([tool]).values();
  if (!offered) throw new Error("not offered");
  return offered;
}

describe("the tools that a client sees", () => {
  test("leave out what only a person may use", () => {
    expect([...offerTools([info("shell:decide", { audience: "person" }), info("shell:status")]).keys()]).toEqual([
      "shell_status",
    ]);
  });

  test("carry all four hints", () => {
    const { annotations } = offer(
      info("feeds:import", { annotations: { readOnly: false, destructive: false, idempotent: true } }),
    ).tool;
    expect(annotations).toMatchObject({
      readOnlyHint: false,
      destructiveHint: false,
      idempotentHint: true,
      openWorldHint: false,
    });
  });

  test("name themselves as people know them in title and description", () => {
    const { tool } = offer(info("site-builder:promote-all"));
    expect(tool.title).toContain("site-builder:promote-all");
    expect(tool.description).toContain("site-builder:promote-all");
  });

  test("have a description under 2 KB, whatever the plugin wrote", () => {
    expect(
      Buffer.byteLength(offer(info("a:b", { description: "x".repeat(9000) })).tool.description ?? ""),
    ).toBeLessThan(2048);
  });

  test("take wait and idempotencyKey when they start work", () => {
    const { tool } = offer(info("feeds:import", { input: z.object({ url: z.string() }) }));
    expect(tool.inputSchema.properties).toMatchObject({
      url: { type: "string" },
      wait: { type: "integer", minimum: 0, maximum: MAX_WAIT, default: 0 },
      idempotencyKey: { type: "string" },
    });
    expect(tool.inputSchema.required).toEqual(["url"]);
  });

  test("take neither when they only read", () => {
    const readOnly = { readOnly: true, destructive: false, idempotent: true };
    expect(offer(info("feeds:list", { annotations: readOnly })).tool.inputSchema.properties).toEqual({});
    expect(offer(info("shell:status", { annotations: readOnly })).tool.inputSchema.properties).toEqual({});
  });

  test("of the shell itself take idempotencyKey alone when they change something", () => {
    expect(Object.keys(offer(info("shell:retry")).tool.inputSchema.properties ?? {})).toEqual(["idempotencyKey"]);
  });

  test("keep an argument of their own called wait", () => {
    const offered = offer(info("a:b", { input: z.object({ wait: z.string() }) }));
    expect(offered.tool.inputSchema.properties?.["wait"]).toEqual({ type: "string" });
    expect(offered.takesWait).toBe(false);
    expect(offered.takesKey).toBe(true);
  });

  test("state no limits that the author did not state", () => {
    const { tool } = offer(
      info("a:b", { input: z.object({ n: z.number().int(), page: z.number().int().min(1).max(9) }) }),
    );
    expect(tool.inputSchema.properties).toMatchObject({ n: { type: "integer" }, page: { minimum: 1, maximum: 9 } });
    expect(tool.inputSchema.properties?.["n"]).not.toHaveProperty("maximum");
  });

  test("have an output schema only where it holds for every answer", () => {
    const output = z.object({ n: z.number() });
    const readOnly = { readOnly: true, destructive: false, idempotent: true };
    expect(offer(info("a:b", { output, annotations: readOnly })).tool.outputSchema).toMatchObject({
      type: "object",
      required: ["n"],
    });
    expect(offer(info("a:b", { output })).tool.outputSchema).toBeUndefined();
    expect(
      offer(info("a:b", { output: z.array(z.string()), annotations: readOnly })).tool.outputSchema,
    ).toBeUndefined();
  });
});

test("the instructions are under 2 KB", () => {
  expect(Buffer.byteLength(INSTRUCTIONS)).toBeLessThan(2048);
});
