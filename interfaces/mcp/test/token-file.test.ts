import { chmod, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { sameToken } from "../src/bearer.ts";
import { listen } from "../src/listen.ts";
import { makeTokenFile, readTokenFile } from "../src/token-file.ts";

async function place(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "brains-token-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return join(folder, "token");
}

test("servers that start at once share one token, which stays", async () => {
  const path = await place();
  await Promise.all(Array.from({ length: 8 }, () => makeTokenFile(path)));
  const token = await readTokenFile(path);
  expect(token).toMatch(/^[\w-]{43}$/);
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  await makeTokenFile(path);
  expect(await readTokenFile(path)).toBe(token);
  expect(await readFile(path, "utf8")).toBe(`${token}\n`);
});

test("a token that others can read, a short one and none are refused", async () => {
  const path = await place();
  await expect(readTokenFile(path)).rejects.toMatchObject({ code: "MCP_TOKEN_UNUSABLE" });
  await makeTokenFile(path);
  await chmod(path, 0o644);
  await expect(makeTokenFile(path)).rejects.toMatchObject({ code: "MCP_TOKEN_UNUSABLE" });
  await writeFile(path, "\n");
  await chmod(path, 0o600);
  await expect(readTokenFile(path)).rejects.toMatchObject({ code: "MCP_TOKEN_UNUSABLE" });
  await expect(makeTokenFile(join(path, "below"))).rejects.toMatchObject({ code: "MCP_TOKEN_UNUSABLE" });
});

test.each([
  ["abc", "abc", true],
  ["abc", "abd", false],
  ["abc", "abcd", false],
  ["", "abc", false],
])("%j is %j: %j", (given, right, same) => expect(sameToken(given, right)).toBe(same));

test.each(["0.0.0.0", "::", "192.168.1.5", "localhost.evil.example", "127.0.0.1.nip.io"])(
  "%s is not listened on unless it is meant",
  async (host) => {
    const mcp = { fetch: async () => new Response(), close: async () => undefined };
    await expect(listen(mcp, { host, port: 0 })).rejects.toMatchObject({ code: "MCP_ADDRESS_REFUSED" });
  },
);

test("an address of nobody is an error with a code", async () => {
  const mcp = { fetch: async () => new Response(), close: async () => undefined };
  const { close, url } = await listen(mcp, { port: 0 });
  onTestFinished(close);
  const port = Number(new URL(url).port);
  await expect(listen(mcp, { port })).rejects.toMatchObject({ code: "MCP_ADDRESS_UNUSABLE" });
});
