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
    sequence: { shuffle: true },
    testTimeout: 20_000,
    hookTimeout: 20_000,
  },
});
