import { randomBytes } from "node:crypto";
import { link, readFile, rm, stat, writeFile } from "node:fs/promises";
import { McpError } from "./errors.ts";

const BITS = 256;

/** Makes the file of the token, readable for its owner alone, unless it is there. */
export async function makeTokenFile(path: string): Promise<void> {
  const draft = `${path}.${process.pid}-${randomBytes(4).toString("hex")}`;
  try {
    await writeFile(draft, `${randomBytes(BITS / 8).toString("base64url")}\n`, { mode: 0o600, flag: "wx" });
    // Of two servers that start at once, one makes it and both use it; nobody ever reads half a token.
    await link(draft, path).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== "EEXIST") throw error;
    });
  } catch (error) {
    throw new McpError("MCP_TOKEN_UNUSABLE", `The token cannot be kept in ${path}: ${(error as Error).message}`);
  } finally {
    await rm(draft, { force: true }).catch(() => undefined);
  }
  await readTokenFile(path);
}

/** The token as it is now: a changed file counts from the next request on. */
export async function readTokenFile(path: string): Promise<string> {
  let token: string;
  let mode: number;
  try {
    token = (await readFile(path, "utf8")).trim();
    ({ mode } = await stat(path));
  } catch (error) {
    throw new McpError("MCP_TOKEN_UNUSABLE", `The token in ${path} cannot be read: ${(error as Error).message}`);
  }
  if (process.platform !== "win32" && (mode & 0o077) !== 0) {
    throw new McpError("MCP_TOKEN_UNUSABLE", `Others may read the token in ${path}. Run: chmod 600 ${path}`);
  }
  // An empty or shortened file must not become a token that can be guessed.
  if (token.length < 32) {
    throw new McpError(
      "MCP_TOKEN_UNUSABLE",
      `${path} holds no token of at least 32 characters. Delete it; the next start makes one.`,
    );
  }
  return token;
}
