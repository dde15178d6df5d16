import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { planInstall } from "../src/clients/install.ts";
import { MCP_CLIENTS, type Connection } from "../src/clients/known.ts";

const PROGRAM: Connection = { command: "/usr/bin/node", args: ["/b/main.ts", "mcp"] };
const HTTP: Connection = { url: "http://127.0.0.1:3917/mcp", token: "secret-token" };

async function place(platform: NodeJS.Platform = "linux") {
  const home = await mkdtemp(join(tmpdir(), "brains-client-"));
  onTestFinished(() => rm(home, { recursive: true, force: true }));
  const at = { platform, home, env: {} };
  const plan = (client: string, connection = PROGRAM) => planInstall(client, "brains", connection, at);
  const put = async (file: string, text: string, mode = 0o644) => {
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, text);
    await chmod(file, mode);
  };
  return { home, plan, put };
}

test.each(MCP_CLIENTS)(
  "%s gets its entry beside everything else, once, and the file before is kept",
  async (client) => {
    const { plan, put } = await place();
    const { file, write } = plan(client);
    const before =
      client === "codex"
        ? '# mine\nmodel = "o"\n[mcp_servers.other]\nurl = "x"\n'
        : '{"big": 12345678901234567890, "a": [1.50], "__proto__": {"x": 1}}';
    await put(file, before);
    const { changed, backup } = await write();
    expect(changed).toBe(true);
    expect(await readFile(backup ?? "", "utf8")).toBe(before);
    const after = await readFile(file, "utf8");
    expect(after).toContain("/b/main.ts");
    const kept = client === "codex" ? [before] : ["12345678901234567890", "1.50", '"__proto__"'];
    for (const text of kept) expect(after).toContain(text);
    expect(await write()).toEqual({ changed: false });
    expect((await readdir(dirname(file))).length).toBe(2);
  },
);

test("a token is in the client's header alone, is not shown, and its file is for the owner alone", async () => {
  for (const client of ["claude-code", "cursor", "vscode", "codex"]) {
    const { plan, put } = await place();
    const { file, shown, write, holdsToken } = plan(client, HTTP);
    expect(holdsToken).toBe(true);
    expect(shown).not.toContain("secret-token");
    await put(file, client === "codex" ? "" : "{}");
    await write();
    expect(await readFile(file, "utf8")).toMatch(/Authorization"?\s*[:=]\s*"Bearer secret-token"/);
    expect((await stat(file)).mode & 0o077, client).toBe(0);
  }
  const { plan } = await place();
  expect(() => plan("claude-desktop", HTTP)).toThrow(expect.objectContaining({ code: "MCP_CLIENT_UNSUITED" }));
});

test.each([
  ["cursor", "{ // a comment\n}"],
  ["cursor", "[]"],
  ["vscode", '{"servers": []}'],
  ["cursor", '{"mcpServers": {}'],
  ["codex", "model = "],
  ["codex", 'mcp_servers = { other = { url = "x" } }'],
  ["codex", '[mcp_servers.brains]\nurl = "another"'],
])("a file of %s with %j is refused and left as it is", async (client, text) => {
  const { plan, put } = await place();
  const { file, write } = plan(client);
  await put(file, text);
  await expect(write()).rejects.toThrow(expect.objectContaining({ code: "MCP_CLIENT_CONFIG_UNUSABLE" }));
  expect(await readFile(file, "utf8")).toBe(text);
  expect(await readdir(dirname(file))).toHaveLength(1);
});

test("a file that is not there is made, and a link stays a link", async () => {
  const { plan, home, put } = await place("darwin");
  const desktop = plan("claude-desktop");
  expect(desktop.file).toBe(join(home, "Library/Application Support/Claude/claude_desktop_config.json"));
  expect(await desktop.write()).toEqual({ changed: true, backup: undefined });
  expect(JSON.parse(await readFile(desktop.file, "utf8"))).toEqual({ mcpServers: { brains: PROGRAM } });
  const real = join(home, "dotfiles", "mcp.json");
  await put(real, "{}");
  const cursor = plan("cursor");
  await mkdir(dirname(cursor.file));
  await symlink(real, cursor.file);
  await cursor.write();
  expect(await readFile(real, "utf8")).toContain("mcpServers");
});
