// Standard input of an execution: told when it is waited for, and read by lines.
import type { Readable } from "node:stream";

/** Long enough that what is on its way arrives first. */
const SETTLE_MS = 20;

/**
 * States on stderr, in the words of @brains/process, when the code has asked its input for more than there is, and when that came. Code that reads
 * ahead while it still works on what it got is said to wait as well.
 */
export function tellWaiting(stdin: Readable, state: (waits: boolean) => void): void {
  const { _read: read, push } = stdin;
  let timer: NodeJS.Timeout | undefined;
  let told = false;
  const tell = (waits: boolean) => {
    if (waits !== told) state(waits);
    told = waits;
  };
  const wanted = () => stdin.readableFlowing === true || stdin.listenerCount("readable") > 0;
  // Both are called by the stream itself, whatever reads from it.
  stdin._read = function _read(size) {
    timer ??= setTimeout(() => {
      timer = undefined;
      tell(wanted() && stdin.readableLength === 0 && !stdin.readableEnded);
    }, SETTLE_MS).unref();
    read.call(this, size);
  };
  stdin.push = function pushed(chunk, encoding) {
    clearTimeout(timer);
    timer = undefined;
    tell(false);
    return push.call(this, chunk, encoding);
  };
}

/** A pipe keeps the process alive while it is read; a paused one does too, unless it is told not to. */
type Input = Readable & { ref?(): unknown; unref?(): unknown };

/** Gives one line after the other, null at the end of input; what follows a line stays for other readers. */
export function lineReader(stdin: Input): (prompt?: string) => Promise<string | null> {
  let before: Promise<unknown> = Promise.resolve();
  stdin.on("newListener", (name) => {
    if (name === "data" || name === "readable") stdin.ref?.();
  });
  return (prompt) => {
    const line = before.then(() => {
      if (prompt !== undefined) process.stdout.write(prompt);
      return nextLine(stdin);
    });
    before = line.catch(() => undefined);
    return line;
  };
}

function nextLine(stdin: Input): Promise<string | null> {
  if (stdin.readableEnded || stdin.destroyed) return Promise.resolve(null);
  return new Promise((resolve, reject) => {
    const parts: Buffer[] = [];
    const text = () => Buffer.concat(parts).toString("utf8").replace(/\r$/, "");
    const done = (line: string | null) => {
      stdin.off("data", onData).off("end", onEnd).off("close", onEnd).off("error", reject).pause();
      if (stdin.listenerCount("data") + stdin.listenerCount("readable") === 0) stdin.unref?.();
      resolve(line);
    };
    const onData = (given: Buffer | string) => {
      const chunk = typeof given === "string" ? Buffer.from(given) : given;
      const end = chunk.indexOf(0x0a);
      parts.push(end === -1 ? chunk : chunk.subarray(0, end));
      if (end === -1) return;
      done(text());
      const rest = chunk.subarray(end + 1);
      if (rest.length > 0) stdin.unshift(rest);
    };
    const onEnd = () => done(parts.length === 0 ? null : text());
    stdin.on("data", onData).on("end", onEnd).on("close", onEnd).on("error", reject).resume();
  });
}
