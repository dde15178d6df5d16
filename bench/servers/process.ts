import { type ChildProcess, type SpawnOptions, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { pause } from "../contender.ts";

const START_MS = 20_000;
const STOP_MS = 5_000;

export interface Started<Access> {
  readonly access: Access;
  readonly version: string;
  stop(): Promise<void>;
}

/** A port of the loopback interface that is free now. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, "close");
  return port;
}

/** Starts a server and waits until it takes connections. Ends it if it does not. */
export async function startServer(
  command: string,
  args: readonly string[],
  options: SpawnOptions,
  port: number,
): Promise<() => Promise<void>> {
  let said = "";
  const child = spawn(command, args, { ...options, stdio: ["ignore", "pipe", "pipe"] });
  child.stdout?.on("data", (chunk: Buffer) => (said = (said + chunk.toString()).slice(-2_000)));
  child.stderr?.on("data", (chunk: Buffer) => (said = (said + chunk.toString()).slice(-2_000)));
  const failed = once(child, "error").then(([error]) => Promise.reject(error as Error));
  const ended = once(child, "exit").then(() => Promise.reject(new Error(`${command} ended: ${said.trim()}`)));
  // Both are of interest only until it has started.
  failed.catch(() => undefined);
  ended.catch(() => undefined);
  const stop = (): Promise<void> => stopByPid(child);
  try {
    await Promise.race([listening(port), failed, ended]);
  } catch (error) {
    await stop();
    throw error;
  }
  return stop;
}

async function stopByPid(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, "exit");
  child.kill("SIGINT");
  const timer = setTimeout(() => child.kill("SIGKILL"), STOP_MS);
  await exit;
  clearTimeout(timer);
}

async function listening(port: number): Promise<void> {
  const deadline = performance.now() + START_MS;
  while (performance.now() < deadline) {
    const socket = connect(port, "127.0.0.1");
    try {
      await once(socket, "connect");
      return;
    } catch {
      await pause(50);
    } finally {
      socket.destroy();
    }
  }
  throw new Error(`Nothing listened on port ${port} within ${START_MS / 1_000} s.`);
}

/** Where a program is, or undefined. */
export function onPath(program: string): string | undefined {
  try {
    return execFileSync("/bin/sh", ["-c", `command -v ${program}`], { encoding: "utf8" }).trim();
  } catch {
    return undefined;
  }
}

/** Somebody else, for programs that refuse to run as root; nothing if this is not root. */
export function unprivileged(): { uid: number; gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const users = readFileSync("/etc/passwd", "utf8")
    .split("\n")
    .map((line) => line.split(":"));
  const user = users.find(([name]) => name === "postgres") ?? users.find(([name]) => name === "nobody");
  if (!user) throw new Error("This is root, and there is no user `postgres` or `nobody` to run as.");
  return { uid: Number(user[2]), gid: Number(user[3]) };
}
