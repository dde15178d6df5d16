import { didYouMean, nearest } from "@brains/plugin/nearest";
import { expect, test } from "vitest";

test("the nearest name is found across case, separators and slips, and nothing that is far", () => {
  const names = ["plugins", "people", "dryRun", "generate-all"];
  expect(nearest("plugin", names)).toBe("plugins");
  expect(nearest("dry-run", names)).toBe("dryRun");
  expect(nearest("genrate_all", names)).toBe("generate-all");
  expect(nearest("pluings", names)).toBe("plugins");
  expect(nearest("zebra", names)).toBeUndefined();
});

test("a beginning is near, and of several the shortest is meant", () => {
  expect(nearest("gen", ["generate-all", "generate", "promote"])).toBe("generate");
  expect(nearest("g", ["generate"])).toBeUndefined();
  expect(nearest("status", ["statuses", "status"])).toBe("status");
});

test("the question is asked only when there is an answer", () => {
  expect(didYouMean("pluings", ["plugins"])).toBe(' Did you mean "plugins"?');
  expect(didYouMean("zebra", ["plugins"])).toBe("");
});
