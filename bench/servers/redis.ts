import { execFileSync } from "node:child_process";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { Durability, Servers } from "../benchmark.ts";
import { loadPeer } from "../peers.ts";
import { type Started, freePort, onPath, startServer } from "./process.ts";

interface Redis {
  flushall(): Promise<unknown>;
  config(verb: "SET", name: string, value: string): Promise<unknown>;
  quit(): Promise<unknown>;
}

/** Throws in words for the page if there is no Redis. */
export async function startRedis(folder: string): Promise<Started<{ port: number }>> {
  const program = onPath("redis-server");
  if (!program) throw new Error("`redis-server` is not on the PATH");
  const dir = join(folder, "redis");
  await mkdir(dir);
  const port = await freePort();
  const settings = ["--save", "", "--appendonly", "yes", "--appendfsync", "everysec", "--daemonize", "no"];
  const args = ["--port", String(port), "--bind", "127.0.0.1", "--dir", dir, ...settings];
  const stop = await startServer(program, args, {}, port);
  const version = /v=([\d.]+)/.exec(execFileSync(program, ["--version"], { encoding: "utf8" }))?.[1] ?? "?";
  return { access: { port }, version, stop };
}

/** An empty Redis, set to the durability that is measured. */
export async function redisFor(
  servers: Servers,
  durability: Durability,
): Promise<{ connection: { host: string; port: number; maxRetriesPerRequest: null }; release: () => Promise<void> }> {
  if (!servers.redis) throw new Error("There is no Redis.");
  const connection = { host: "127.0.0.1", port: servers.redis.port, maxRetriesPerRequest: null };
  const { Redis } = loadPeer("servers", "ioredis") as { Redis: new (options: unknown) => Redis };
  const client = new Redis(connection);
  await client.config("SET", "appendfsync", durability === "power" ? "always" : "everysec");
  await client.flushall();
  return {
    connection,
    release: async () => {
      await client.flushall();
      await client.quit();
    },
  };
}
