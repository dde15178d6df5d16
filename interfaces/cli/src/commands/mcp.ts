import type { Action } from "../command.ts";
import type { ExitCode } from "../exit-codes.ts";

export const mcp: Action = async ({ app, brain, streams }) =>
  (await app.serveMcp({ ...brain, ...streams })) as ExitCode;
