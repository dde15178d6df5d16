import { isJsonContentType } from "@modelcontextprotocol/server";
import { refusal } from "./http-answers.ts";

/** Names of this machine as its own programs use them. */
export const LOOPBACK_NAMES: readonly string[] = ["localhost", "127.0.0.1", "[::1]"];

export interface GuardOptions {
  /** The one path that is served. */
  readonly path: string;
  /** Names, without port, under which this server may be asked and from whose pages. */
  readonly names: readonly string[];
}

/** A name and perhaps a port, and nothing that a URL parser would read another name out of. */
const AUTHORITY = /^(\[[0-9a-f:.]+\]|[a-z0-9.-]+)(?::\d{1,5})?$/i;

/** Refuses what a page in a browser could be made to send, before anything of the request is read; undefined if it may go on. */
export function guard(request: Request, { path, names }: GuardOptions): Response | undefined {
  const known = new Set(names.map((name) => name.toLowerCase()));
  // A name that points here by somebody else's DNS is that somebody's page asking.
  if (!isKnown(request.headers.get("host") ?? "", known)) {
    return refusal(403, "This server is not asked under that name (Host). Ask it as localhost.");
  }
  const origin = request.headers.get("origin");
  if (origin !== null && !isKnown(/^https?:\/\/(.*)$/i.exec(origin)?.[1] ?? "", known)) {
    return refusal(403, "Pages of that origin may not ask this server (Origin).");
  }
  if (new URL(request.url).pathname !== path) return refusal(404, `There is nothing here. MCP is at ${path}.`);
  if (!["POST", "GET", "DELETE"].includes(request.method)) {
    return refusal(405, "MCP uses POST, and GET and DELETE in a session.", { Allow: "POST, GET, DELETE" });
  }
  // Also what keeps a form of a foreign page out: browsers ask before they send JSON.
  if (request.method === "POST" && !isJsonContentType(request.headers.get("content-type"))) {
    return refusal(415, "Send JSON: Content-Type must be application/json.");
  }
  return undefined;
}

function isKnown(authority: string, known: ReadonlySet<string>): boolean {
  const name = AUTHORITY.exec(authority)?.[1];
  return name !== undefined && known.has(name.toLowerCase());
}
