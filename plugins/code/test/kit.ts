import { vi } from "vitest";
import { createTestShell } from "@brains/shell/testing";
import type { TestShell } from "@brains/shell/testing";
import code from "../src/index.ts";

/** For conditions that real processes must bring about. */
export const PATIENT = { timeout: 15_000, interval: 20 };

export const ALLOWED = { policy: [{ name: "mine", kind: "code", inline: false, outcome: "allow" }] } as const;

type Settings = Parameters<typeof createTestShell>[0];

export interface CodeBrain extends TestShell {
  /** Enqueues code and gives its number; nothing waits. */
  start(code: string, input?: object): Promise<number>;
  /** Answers of this plugin's tools. */
  ask<T>(tool: string, input?: object): Promise<T>;
  /** Text of the log, without the shell's notes. */
  output(id: number): Promise<string>;
  /** Resolves when the log has this text. */
  said(id: number, text: string): Promise<void>;
}

export async function codeBrain(
  options: Pick<Settings, "files" | "config"> & { programs?: object } = {},
): Promise<CodeBrain> {
  const { programs = ALLOWED, ...rest } = options;
  const brain = await createTestShell({
    plugins: [code],
    ...rest,
    shell: { programs: { concurrency: 8, ...programs } },
  });
  const ask: CodeBrain["ask"] = async <T>(tool: string, input: object = {}) => {
    const reply = await brain.call(tool, input, { wait: 0 });
    return (reply.kind === "data" ? reply.data : reply) as T;
  };
  const output = async (id: number) => {
    const { lines } = await ask<{ lines: { text: string; stream: string }[] }>("code:log", { id, full: true });
    return lines
      .filter(({ stream }) => stream !== "note")
      .map(({ text }) => text)
      .join("\n");
  };
  return Object.assign(Object.create(brain) as TestShell, {
    ask,
    output,
    async start(source: string, input: object = {}) {
      const reply = await brain.call("code:execute", { code: source, ...input }, { wait: 0 });
      if (reply.kind !== "queued") throw new Error(JSON.stringify(reply));
      return reply.queued.number;
    },
    async said(id: number, text: string) {
      await vi.waitFor(async () => {
        const all = await output(id);
        if (!all.includes(text)) throw new Error(`${JSON.stringify(text)} is not in ${JSON.stringify(all)}`);
      }, PATIENT);
    },
  });
}
