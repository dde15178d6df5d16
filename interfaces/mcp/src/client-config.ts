// Apart from the rest: only who connects a client needs it.
export { planInstall, type InstallPlan } from "./clients/install.ts";
export { MCP_CLIENTS, type Connection } from "./clients/known.ts";
