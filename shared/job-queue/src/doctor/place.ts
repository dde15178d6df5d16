// Where a store lies: rights, file system, space. Nothing here opens the store's files, because closing them would drop SQLite's locks.
import { accessSync, constants, existsSync, lstatSync, statSync, statfsSync } from "node:fs";
import { dirname } from "node:path";
import type { Finding } from "./index.ts";

/** `statfs` types of Linux on which locks and shared memory cannot be trusted. */
const NETWORK: Readonly<Record<number, string>> = {
  0x6969: "NFS",
  0x517b: "SMB",
  0xff534d42: "CIFS",
  0xfe534d42: "SMB 2",
  0x01021997: "9p",
  0x5346414f: "AFS",
  0x73757245: "Coda",
  0x00c36400: "Ceph",
  0x0bd00bd0: "Lustre",
  0x19830326: "BeeGFS",
  0x47504653: "GPFS",
};
const FUSE = 0x65735546;
const MIB = 1024 * 1024;
const LITTLE_SPACE = 512 * MIB;
const NO_SPACE = 32 * MIB;
/** Checkpoints keep it far below; see `journal_size_limit`. */
const LONG_WAL = 128 * MIB;

export function placeFindings(path: string): Finding[] {
  return [rightsFinding(path), fileSystemFinding(path), spaceFinding(path), walFinding(path)];
}

const filesOf = (path: string): string[] =>
  [path, `${path}-wal`, `${path}-shm`, `${path}.locks`].filter((file) => existsSync(file));

function rightsFinding(path: string): Finding {
  const check = "permissions";
  const folder = dirname(path);
  const closed = [folder, ...filesOf(path)].find((file) => !mayWrite(file));
  if (closed !== undefined) {
    const next = `Give this user the rights: chown -R "$(id -un)" "${folder}"; chmod -R u+rwX "${folder}"`;
    return { check, level: "error", message: `${closed} cannot be written by this user`, next };
  }
  if (process.platform === "win32") return { check, level: "ok", message: "files can be written" };
  const open = filesOf(path).find((file) => (statSync(file).mode & 0o077) !== 0);
  if (open !== undefined && (statSync(folder).mode & 0o077) !== 0) {
    const message = `others may read or write ${open} (mode ${(statSync(open).mode & 0o777).toString(8)})`;
    return { check, level: "warn", message, next: `chmod -R go= "${open}"` };
  }
  if (lstatSync(path).nlink > 1) {
    const message = `${path} has ${lstatSync(path).nlink} names (hard links), and each would get a log of its own`;
    return { check, level: "error", message, next: "Open it by one name only, and remove the others." };
  }
  return { check, level: "ok", message: "only this user reads and writes the files" };
}

function mayWrite(file: string): boolean {
  try {
    accessSync(file, constants.R_OK | constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

function fileSystemFinding(path: string): Finding {
  if (process.platform === "linux") return kindFinding(statfsSync(path).type);
  return { check: "file system", level: "ok", message: "its kind is not looked up on this system" };
}

/** By the type that Linux gives a file system. */
export function kindFinding(type: number): Finding {
  const check = "file system";
  const name = NETWORK[type >>> 0];
  const next = "Move the store to a local disk.";
  if (name !== undefined)
    return { check, level: "error", message: `${name} is a network file system, on which SQLite's locks fail`, next };
  if (type >>> 0 === FUSE) {
    const message = "FUSE: whether SQLite's locks work here depends on what is behind it";
    return { check, level: "warn", message, next: `${next} Or make sure that it is one.` };
  }
  return { check, level: "ok", message: "local" };
}

function spaceFinding(path: string): Finding {
  const check = "disk space";
  const { bavail, bsize } = statfsSync(path);
  const free = bavail * bsize;
  const { size } = statSync(path);
  const message = `${sizeText(free)} free, the store's file has ${sizeText(size)}`;
  const next = "Free some space, or keep less: retention in the config.";
  if (free < NO_SPACE) return { check, level: "error", message, next };
  return free < LITTLE_SPACE ? { check, level: "warn", message, next } : { check, level: "ok", message };
}

function walFinding(path: string): Finding {
  const check = "WAL";
  const size = existsSync(`${path}-wal`) ? statSync(`${path}-wal`).size : 0;
  const message = `${sizeText(size)} not yet in the store's file`;
  if (size < LONG_WAL) return { check, level: "ok", message };
  const next =
    "Something reads the store for very long and keeps it from being written back. End programs that have it open.";
  return { check, level: "warn", message, next };
}

function sizeText(bytes: number): string {
  if (bytes < MIB) return `${Math.ceil(bytes / 1024)} KiB`;
  return bytes < 10_240 * MIB ? `${Math.round(bytes / MIB)} MiB` : `${Math.round(bytes / MIB / 1024)} GiB`;
}
