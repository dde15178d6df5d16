// Input that was sent before it was known what would run: an approval shows and binds it.
import { randomUUID } from "node:crypto";
import type { JobQueue } from "@brains/job-queue";
import { sha256 } from "./digest.ts";

export interface EarlyInput {
  readonly senders: readonly string[];
  readonly pieces: number;
  /** The beginning of it. */
  readonly text: string;
  readonly characters: number;
  /** Over all of it. */
  readonly sha256: string;
}

/** What is stored of one piece. */
interface Piece {
  readonly sender: string;
  /** The beginning of it. */
  readonly text: string;
  readonly characters: number;
  readonly eof: boolean;
  /** Over all of it. */
  readonly sha256: string;
}

const SPACE = "shell:early-input";
const SHOWN = 16 * 1024;

const prefixOf = (job: number, run: number) => `${job}:${run}:`;

async function piecesOf({ kv }: JobQueue, job: number, run: number): Promise<Piece[]> {
  return (await kv.list(SPACE, prefixOf(job, run))).map(({ value }) => value as Piece);
}

export async function earlyInputOf(queue: JobQueue, job: number, run: number): Promise<EarlyInput | undefined> {
  const pieces = await piecesOf(queue, job, run);
  if (pieces.length === 0) return undefined;
  return {
    senders: [...new Set(pieces.map(({ sender }) => sender))],
    pieces: pieces.length,
    text: pieces
      .map(({ text }) => text)
      .join("")
      .slice(0, SHOWN),
    characters: pieces.reduce((sum, { characters }) => sum + characters, 0),
    sha256: sha256(JSON.stringify(pieces.map(({ sender, eof, sha256: of }) => [sender, eof, of]))),
  };
}

/**
 * Before the input itself is stored, so that no input is there which an approval does not see; each piece by itself, so that of two that are sent
 * at once none is lost. Returns what forgets it again, for input that was refused.
 */
export async function rememberEarlyInput(
  queue: JobQueue,
  { number, run }: { readonly number: number; readonly run: number },
  {
    text,
    eof,
    sender,
    at,
  }: { readonly text: string; readonly eof: boolean; readonly sender: string; readonly at: number },
): Promise<() => Promise<void>> {
  const key = `${prefixOf(number, run)}${String(at).padStart(16, "0")}:${randomUUID()}`;
  const before = await piecesOf(queue, number, run);
  const room = Math.max(0, SHOWN - before.reduce((sum, piece) => sum + piece.text.length, 0));
  const piece: Piece = { sender, text: text.slice(0, room), characters: text.length, eof, sha256: sha256(text) };
  await queue.kv.set(SPACE, key, piece);
  return async () => void (await queue.kv.delete(SPACE, key));
}

/** Of jobs that are gone. */
export async function forgetEarlyInput({ kv }: JobQueue, isGone: (job: number) => Promise<boolean>): Promise<void> {
  for (const { key } of await kv.list(SPACE)) {
    if (await isGone(Number(key.split(":")[0]))) await kv.delete(SPACE, key);
  }
}
