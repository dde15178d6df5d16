import { statfsSync } from "node:fs";
import { arch, cpus, loadavg, platform, release, totalmem } from "node:os";
import { openStoreFile } from "../shared/job-queue/src/sqlite.ts";

export interface Machine {
  readonly system: string;
  readonly processor: string;
  readonly processors: number;
  readonly memory: string;
  readonly node: string;
  readonly sqlite: string;
  readonly fileSystem: string;
  /** Runnable processes over the last minute when the run began: above the number of processors, others took part. */
  readonly load: number;
}

/** Of the file systems people meet. */
const FILE_SYSTEMS: Readonly<Record<number, string>> = {
  0xef53: "ext4",
  0x58465342: "XFS",
  0x9123683e: "Btrfs",
  0x01021994: "tmpfs",
  0x794c7630: "overlayfs",
  0x2fc12fc1: "ZFS",
};

export function describeMachine(folder: string): Machine {
  const all = cpus();
  const db = openStoreFile(":memory:", "process");
  const sqlite = db.prepare("SELECT sqlite_version()").pluck().get() as string;
  db.close();
  return {
    system: `${platform()} ${release()} ${arch()}`,
    processor: all[0]?.model.trim() || "unknown",
    processors: all.length,
    memory: `${Math.round(totalmem() / 1024 ** 3)} GB`,
    node: process.versions.node,
    sqlite,
    fileSystem: FILE_SYSTEMS[statfsSync(folder).type] ?? "unknown",
    load: Math.round((loadavg()[0] ?? 0) * 10) / 10,
  };
}
