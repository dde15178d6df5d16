import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";

// The everyday share of `npm run programs -- soak 1024`, in a process of its own so that only its memory is counted.
test("much output without a newline takes little memory, and is paged from beginning to end", async () => {
  const soak = join(import.meta.dirname, "../storm/soak.ts");
  const script = `const { soak } = await import(${JSON.stringify(soak)});
    console.log(JSON.stringify(await soak("zeros", 192, 1)));`;
  const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "-e", script]);
  const { grown, kept, dropped } = JSON.parse(stdout) as Record<string, number>;
  expect(kept).toBeGreaterThan(58);
  expect((kept ?? 0) + (dropped ?? 0)).toBe(192);
  expect(grown).toBeLessThan(64);
});
