import { execFileSync } from "node:child_process";
import { closeSync, mkdtempSync, openSync, rmSync, rmdirSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { monotonic } from "./figures.ts";
import { StormImpossible } from "./storm.ts";

/** A file system of its own in memory. Throws StormImpossible where it cannot be mounted. */
export function mountSmall(megabytes: number) {
  const folder = mkdtempSync(join(tmpdir(), "storm-disk-"));
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", `size=${megabytes}m,mode=0700`, "storm", folder], { stdio: "pipe" });
  } catch {
    rmdirSync(folder);
    throw new StormImpossible("a small file system can be mounted by root on Linux only");
  }
  const unmount = () => {
    execFileSync("umount", ["--lazy", folder], { stdio: "pipe" });
    rmdirSync(folder);
  };
  process.once("exit", unmount);
  const balloon = join(folder, "balloon");
  const page = new Uint8Array(4_096);
  const chunk = new Uint8Array(2 ** 20);
  return {
    folder,
    /** Takes all the space there is. Returns when that was done. */
    fill(): number {
      const file = openSync(balloon, "a");
      for (const part of [chunk, page]) {
        try {
          while (writeSync(file, part) === part.length);
        } catch (error) {
          if ((error as NodeJS.ErrnoException).code !== "ENOSPC") throw error;
        }
      }
      closeSync(file);
      return monotonic();
    },
    free: () => rmSync(balloon, { force: true }),
    /** Nothing can be written from now on. Nobody may have a file open for writing. */
    makeReadOnly: (): void => void execFileSync("mount", ["-o", "remount,ro", folder], { stdio: "pipe" }),
    dispose(): void {
      process.off("exit", unmount);
      unmount();
    },
  };
}
