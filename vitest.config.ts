import { availableParallelism } from "node:os";
import { join } from "node:path";
import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["{shared,shell,plugins,interfaces,apps}/*/test/**/*.test.ts", "test/**/*.test.ts"],
    typecheck: {
      enabled: true,
      include: ["{shared,shell,plugins,interfaces,apps}/*/test/**/*.test-d.ts"],
      tsconfig: "tsconfig.json",
      // The types step reports everything else.
      ignoreSourceErrors: true,
    },
    allowOnly: false,
    // One more than there are processors: many files wait for processes that they started.
    maxWorkers: availableParallelism() + 1,
    // Nothing of ours keeps state in a module, and loading everything anew for each file was a fifth of the time.
    isolate: false,
    // The processes that tests start compile what they load once, not each time.
    env: { NODE_COMPILE_CACHE: join(import.meta.dirname, ".cache", "compile") },
    sequence: { shuffle: true },
    testTimeout: 20_000,
    hookTimeout: 20_000,
  },
});
