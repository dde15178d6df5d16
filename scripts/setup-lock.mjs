// One set-up at a time per checkout, across processes: a file that only one of them can create.
// @ts-check
import { readFile, rename, rm, stat, utimes, writeFile } from "node:fs/promises";
import { hostname } from "node:os";

const BEAT_MS = 2_000;
const SILENT_MS = 60_000;
const LOOK_AGAIN_MS = 200;

/** @typedef {{ host: string, pid: number }} Owner */

/**
 * Dead, or silent for a minute (it ran on another host, or its process id was given out again).
 * @param {Owner} owner
 * @param {number} silentMs
 */
export function isAbandoned(owner, silentMs, host = hostname(), alive = isAlive) {
  return silentMs > SILENT_MS || (owner.host === host && !alive(owner.pid));
}

/**
 * @template T
 * @param {string} path
 * @param {(owner: Owner) => void} onWait called once if another process holds the lock
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function withLock(path, onWait, work) {
  await acquire(path, JSON.stringify({ host: hostname(), pid: process.pid }), onWait);
  const beat = setInterval(() => void utimes(path, new Date(), new Date()).catch(() => {}), BEAT_MS);
  try {
    return await work();
  } finally {
    clearInterval(beat);
    await rm(path, { force: true });
  }
}

/**
 * @param {string} path
 * @param {string} me
 * @param {(owner: Owner) => void} onWait
 */
async function acquire(path, me, onWait) {
  let waited = false;
  while (!(await create(path, me))) {
    const held = await look(path);
    if (held && isAbandoned(held.owner, held.silentMs)) {
      await remove(path, held.text);
      continue;
    }
    if (held && !waited) {
      waited = true;
      onWait(held.owner);
    }
    await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MS));
  }
}

/**
 * Two processes may both find a dead owner. Whoever takes away the lock of somebody else instead puts it back.
 * @param {string} path
 * @param {string} expected
 */
async function remove(path, expected) {
  const taken = `${path}.${process.pid}`;
  try {
    await rename(path, taken);
  } catch {
    return;
  }
  const text = await readFile(taken, "utf8");
  if (text !== expected) await create(path, text);
  await rm(taken, { force: true });
}

/** @param {string} path */
async function look(path) {
  try {
    const [text, { mtimeMs }] = await Promise.all([readFile(path, "utf8"), stat(path)]);
    return { text, owner: parseOwner(text), silentMs: Date.now() - mtimeMs };
  } catch {
    return undefined;
  }
}

/**
 * @param {string} text
 * @returns {Owner}
 */
function parseOwner(text) {
  try {
    return JSON.parse(text);
  } catch {
    return { host: "", pid: 0 };
  }
}

/**
 * @param {string} path
 * @param {string} text
 */
async function create(path, text) {
  try {
    await writeFile(path, text, { flag: "wx" });
    return true;
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code === "EEXIST") return false;
    throw error;
  }
}

/** @param {number} pid */
function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return /** @type {NodeJS.ErrnoException} */ (error).code === "EPERM";
  }
}
