export { createTestShell } from "./test-shell.ts";
export type { TestShell, TestShellOptions } from "./test-shell.ts";
