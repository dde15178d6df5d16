import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { type Ending, type OutputPiece, type Program, type ProgramSpec, startProgram } from "../src/index.ts";
import { linuxTable } from "../src/system/process-table.ts";
import { carries } from "../src/system/tree.ts";
import { probeTiers } from "../src/system/tiers.ts";

const probed = await probeTiers({ userNamespace: true });

/** Those that this machine has. */
export const tiers = probed.states.filter(({ works }) => works).map(({ tier }) => tier);

export const PATH = { PATH: "/usr/bin:/bin" };

export interface Started extends Program {
  readonly pieces: OutputPiece[];
  /** What came so far, of one stream or of all. */
  text(stream?: string): string;
}

/** `sh -c` with a script, or another program; it is gone when the test is. */
export async function start(script: string, more: Partial<ProgramSpec> & { sink?: (it: OutputPiece) => unknown } = {}) {
  const pieces: OutputPiece[] = [];
  const { sink, ...spec } = more;
  const program = await startProgram(
    { file: "/bin/sh", args: ["-c", script], cwd: "/tmp", env: PATH, grace: 300, drain: 300, ...spec },
    {
      output: (piece) => {
        pieces.push(piece);
        return sink?.(piece) as void | Promise<void>;
      },
    },
  );
  onTestFinished(async () => {
    await program.stop({ grace: 0 });
  });
  const text = (stream?: string) =>
    Buffer.concat(pieces.filter((it) => !stream || it.stream === stream).map(({ bytes }) => bytes)).toString("utf8");
  return Object.assign(program, { pieces, text }) as Started;
}

export async function run(script: string, more: Parameters<typeof start>[1] = {}): Promise<Ending & { text: string }> {
  const program = await start(script, more);
  const ending = await program.ended;
  return { ...ending, text: program.text() };
}

/** Living processes with this mark. */
export function marked(mark: string): number[] {
  const all = linuxTable.all().filter((entry) => !entry.ended && carries(linuxTable, entry, mark));
  return all.map(({ pid }) => pid);
}

/** Living processes whose command line has this word. */
export function wearing(word: string): number[] {
  return linuxTable
    .all()
    .filter((entry) => !entry.ended && linuxTable.commandLine(entry.pid).includes(word))
    .map(({ pid }) => pid);
}

export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "brains-process-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
