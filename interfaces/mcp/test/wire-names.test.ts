import type { ToolInfo } from "@brains/shell";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { wireName, wireNames } from "../src/wire-names.ts";

/** What clients in the field accept as a tool's name. */
const CLIENTS = {
  claude: /^[a-zA-Z0-9_-]{1,64}$/,
  anthropicApi: /^[a-zA-Z0-9_-]{1,128}$/,
  openai: /^[a-zA-Z0-9_-]+$/,
  vscode: /^[a-z0-9_-]+$/,
  cursor: /^[A-Za-z0-9_]{1,53}$/,
};

function tool(name: string): ToolInfo {
  return {
    name,
    plugin: name.split(":")[0] ?? "",
    title: name,
    description: name,
    input: z.object({}),
    role: "operator",
    audience: "both",
    visibility: "public",
    annotations: { readOnly: false, destructive: false, idempotent: false },
  };
}

describe("wire names", () => {
  test("keep plugin and tool recognisable", () => {
    expect(wireName("site-builder:promote-all")).toBe("site_builder_promote_all");
    expect(wireName("shell:status")).toBe("shell_status");
  });

  test.each(["shell:status", "site-builder:rollback-all", "a:b", "feeds2:import-99"])(
    "%s is accepted by every known client",
    (name) => {
      const [wire] = wireNames([tool(name)]).keys();
      for (const [client, accepts] of Object.entries(CLIENTS)) expect(wire, client).toMatch(accepts);
    },
  );

  test("two tools that would meet under one name are refused by name", () => {
    expect(() => wireNames([tool("site:builder-run"), tool("site-builder:run")])).toThrow(
      /site:builder-run and site-builder:run have the same name over MCP, site_builder_run/,
    );
  });

  test("a name too long for the wire is refused when the server starts", () => {
    expect(() => wireNames([tool(`plugin:${"x".repeat(60)}`)])).toThrow(/Shorten it/);
  });

  test("names that differ are told apart", () => {
    expect([...wireNames([tool("a:b-c"), tool("a:bc"), tool("ab:c")]).keys()]).toEqual(["a_b_c", "a_bc", "ab_c"]);
  });
});
