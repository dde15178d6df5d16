import { readFile } from "node:fs/promises";
import type { TestBrain } from "./brain-kit.ts";

export interface HttpServer {
  readonly url: string;
  readonly token: string;
  readonly tokenFile: string;
  readonly pid: number;
  /** Asks it to end, and gives its exit code. */
  stop(): Promise<number | null>;
}

/** `brains mcp --http` of this brain, on a port that is free. */
export async function startHttp(brain: TestBrain): Promise<HttpServer> {
  const child = brain.start("mcp", "--http", "--port", "0", "--json");
  const line = await new Promise<string>((resolve, reject) => {
    let out = "";
    let err = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      out += text;
      if (out.includes("\n")) resolve(out);
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => (err += text));
    child.once("exit", (code) => reject(new Error(`brains mcp --http ended with ${code}: ${err}`)));
  });
  const { url, tokenFile } = (JSON.parse(line) as { data: { url: string; tokenFile: string } }).data;
  return {
    url,
    tokenFile,
    pid: child.pid ?? 0,
    token: (await readFile(tokenFile, "utf8")).trim(),
    stop() {
      const ended = new Promise<number | null>((resolve) => child.once("exit", resolve));
      child.kill("SIGTERM");
      return ended;
    },
  };
}
