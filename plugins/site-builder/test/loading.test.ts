import { execFileSync } from "node:child_process";
import { expect, test } from "vitest";

test("loading the plugin loads zod and the plugin's contract, no parser and no renderer", () => {
  const script = `
    import { registerHooks } from "node:module";
    const names = new Set();
    registerHooks({ resolve(name, context, next) {
      if (context.parentURL?.includes("/site-builder/src/") && !/^(?:\\.|node:)/.test(name)) names.add(name);
      return next(name, context);
    } });
    await import(${JSON.stringify(new URL("../src/index.ts", import.meta.url).href)});
    console.log(JSON.stringify([...names].sort()));`;
  const loaded = execFileSync(process.execPath, ["--input-type=module", "-e", script], { encoding: "utf8" });
  expect(JSON.parse(loaded)).toEqual(["@brains/plugin", "@brains/plugin/nearest", "zod"]);
});
