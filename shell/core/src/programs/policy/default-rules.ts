// What may run where the config says nothing: little, and only what cannot write, run another program or reach beyond the working folders.
import type { z } from "zod";
import type { policySchema } from "./schema.ts";

type Rule = NonNullable<z.input<typeof policySchema>>[number];

/**
 * In the shape of the config, and after its rules. What is not here for a reason: `find` (-exec, -delete, -fprint), `sort` (-o, --compress-program),
 * `git` (programs named by a repository's own config run even in `git status`), `grep -r` and `diff -r` (read the brain's own files on the way),
 * `sed` and `awk` (have commands to write and run), `tar`, `xargs`, `env`, `man` and `less` (start programs), `rg` (--pre), `file` (-C writes).
 */
export const DEFAULT_RULES: readonly Rule[] = [
  {
    name: "built-in: computation without any access",
    kind: "code",
    sandbox: "quickjs",
    outcome: "allow",
  },
  {
    name: "built-in: list files",
    executable: "ls",
    args: [{ repeat: [{ regex: "-[aAlhrtSRF1dis]+" }, "--all", "--color=never", "--human-readable"] }, "**"],
    folders: ["$folders"],
    outcome: "allow",
  },
  {
    name: "built-in: read files",
    executable: "cat",
    args: [{ repeat: [{ regex: "-[nbsAET]+" }] }, "*", "**"],
    folders: ["$folders"],
    outcome: "allow",
  },
  {
    name: "built-in: read the beginning or end of files",
    executable: ["head", "tail"],
    args: [
      {
        repeat: [
          "-n",
          "-c",
          { regex: "-[nc]?[0-9]{1,9}|\\+?[0-9]{1,9}" },
          { regex: "-[qvfF]+" },
          "--follow",
          { regex: "--(lines|bytes)=[+-]?[0-9]{1,9}" },
        ],
      },
      "*",
      "**",
    ],
    folders: ["$folders"],
    outcome: "allow",
  },
  {
    name: "built-in: count",
    executable: "wc",
    args: [{ repeat: [{ regex: "-[clmwL]+" }] }, "*", "**"],
    folders: ["$folders"],
    outcome: "allow",
  },
  {
    name: "built-in: search in files",
    executable: "grep",
    args: [{ repeat: [{ regex: "-[nicvlLwxEFHhoqs]+" }, { regex: "-[ABCm][0-9]{0,6}" }, "-e"] }, "*", "*", "**"],
    folders: ["$folders"],
    outcome: "allow",
  },
  {
    name: "built-in: facts of files",
    executable: ["stat", "du"],
    args: [{ repeat: [{ regex: "-[hsackmLt]+" }] }, "*", "**"],
    folders: ["$folders"],
    outcome: "allow",
  },
  {
    name: "built-in: where and when",
    executable: ["pwd", "date", "uptime", "whoami", "nproc", "true", "false"],
    args: [
      [],
      [{ regex: "\\+.*" }],
      ["-u"],
      ["-u", { regex: "\\+.*" }],
      [{ regex: "-I(date|hours|minutes|seconds)?" }],
    ],
    outcome: "allow",
  },
  {
    name: "built-in: the system's name",
    executable: "uname",
    args: [{ repeat: [{ regex: "-[asnrvmpio]+" }] }],
    outcome: "allow",
  },
  {
    name: "built-in: say it again",
    executable: "echo",
    args: [{ any: "rest" }],
    outcome: "allow",
  },
  { name: "built-in: everything else", outcome: "approve" },
];
