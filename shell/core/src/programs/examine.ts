// What `brains doctor` says of programs: what holds them, where they may work, and whether secrets are safe.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { probeTiers } from "@brains/process";
import type { Brain } from "../config/brain.ts";
import { messageOf } from "../errors.ts";
import { problemOfBwrap } from "./sandbox.ts";
import { SECRETS_FILE, problemOfSecretsFile, readSecrets, unmaskable } from "./secrets.ts";
import { programSettings } from "./settings.ts";
import type { ProgramSettings } from "./settings.ts";

export interface ProgramFinding {
  readonly check: string;
  readonly level: "ok" | "warn" | "error";
  readonly message: string;
  readonly next?: string;
}

/** Tries every tier with a small program of its own; changes nothing. */
export async function examinePrograms({ dir, home, config }: Brain): Promise<ProgramFinding[]> {
  const { programs, approvals, worker } = config;
  const settings = programSettings({ brainDir: dir, home, programs, approvals, workerGrace: worker.grace * 1000 });
  return [await tierOf(settings), await sandboxOf(settings), foldersOf(settings), ...secretsOf(settings)];
}

async function tierOf({ config }: ProgramSettings): Promise<ProgramFinding> {
  const { active, states } = await probeTiers({ userNamespace: config.userNamespace });
  const better = states.slice(
    0,
    states.findIndex(({ tier }) => tier === active),
  );
  const own = states.find(({ tier }) => tier === active)?.why ?? "";
  const message = [`held by ${active}: ${own}`, ...better.map(({ tier, why }) => `Not by ${tier}: ${why}`)].join(" ");
  // Most machines give no namespace to a user without rights: that is told, and no reason to worry every time.
  return { check: "programs", level: "ok", message };
}

async function sandboxOf(settings: ProgramSettings): Promise<ProgramFinding> {
  const problem = await problemOfBwrap(settings);
  const message =
    problem === undefined
      ? "bwrap works, for programs that ask for it; all others have your full rights"
      : `${problem}; programs that ask for it are refused, all others have your full rights`;
  return { check: "sandbox", level: "ok", message };
}

function foldersOf({ folders }: ProgramSettings): ProgramFinding {
  const missing = folders.filter((folder) => !existsSync(folder));
  const check = "program folders";
  if (missing.length === 0) return { check, level: "ok", message: folders.join(", ") };
  const next = "Make them, or correct programs.folders.";
  return { check, level: "warn", message: `not there: ${missing.join(", ")}`, next };
}

function secretsOf(settings: ProgramSettings): ProgramFinding[] {
  const { secrets } = settings.config;
  const check = "secrets";
  const file = join(settings.home, SECRETS_FILE);
  const problem = problemOfSecretsFile(file);
  if (problem !== undefined && problem !== "missing")
    return [{ check, level: "error", message: problem, next: `chmod 600 ${file}` }];
  if (secrets.length === 0) return [];
  try {
    const values = readSecrets(settings);
    const empty = secrets.filter((name) => values[name] === undefined);
    const short = unmaskable(values);
    const troubles = [
      ...(empty.length === 0 ? [] : [`without a value: ${empty.join(", ")}`]),
      ...(short.length === 0 ? [] : [`too short to be masked: ${short.join(", ")}`]),
    ];
    if (troubles.length === 0) return [{ check, level: "ok", message: secrets.join(", ") }];
    return [{ check, level: "warn", message: troubles.join("; "), next: `Correct ${file}.` }];
  } catch (error) {
    return [{ check, level: "error", message: messageOf(error), next: `Correct ${file}.` }];
  }
}
