import { z } from "zod";

export const STAGES = ["preview", "production"] as const;
export type Stage = (typeof STAGES)[number];

const versionSchema = z.object({ hash: z.string().regex(/^[0-9a-f]{64}$/), at: z.number(), job: z.string() });

/** The versions of one section in one stage, oldest first; the last one is current. `done` names the jobs that changed it. */
const entrySchema = z.object({ versions: z.array(versionSchema).min(1), done: z.array(z.string()) });

export const manifestSchema = z.object({
  format: z.literal(1),
  number: z.int().min(0),
  sections: z.record(z.string(), entrySchema),
});

export type Version = z.output<typeof versionSchema>;
export type Entry = z.output<typeof entrySchema>;
export type Manifest = z.output<typeof manifestSchema>;

export const currentOf = (entry: Entry | undefined): Version | undefined => entry?.versions.at(-1);

/** Jobs remembered per section. A job is only ever repeated soon after its worker died, so a few are enough. */
const REMEMBERED = 50;

export interface Changed {
  /** The same object as before when nothing had to change. */
  readonly entry: Entry | undefined;
  readonly outcome: "changed" | "unchanged" | "already-done" | "no-earlier-version";
}

/**
 * Makes `version` the current one. A job that did so before does nothing again, save that it may correct its own version:
 * its source can have changed between the crash and the repetition.
 */
export function addVersion(entry: Entry | undefined, version: Version, limit: number): Changed {
  const current = currentOf(entry);
  if (entry?.done.includes(version.job)) {
    if (current?.job !== version.job || current.hash === version.hash) return { entry, outcome: "already-done" };
    return { entry: { ...entry, versions: [...entry.versions.slice(0, -1), version] }, outcome: "changed" };
  }
  if (current?.hash === version.hash) return { entry, outcome: "unchanged" };
  const versions = [...(entry?.versions ?? []), version].slice(-limit);
  return { entry: { versions, done: remember(entry, version.job) }, outcome: "changed" };
}

/** Makes the version before the current one current again. The only version of a section stays. */
export function dropVersion(entry: Entry | undefined, job: string): Changed {
  if (entry?.done.includes(job)) return { entry, outcome: "already-done" };
  if (entry === undefined || entry.versions.length < 2) return { entry, outcome: "no-earlier-version" };
  return { entry: { versions: entry.versions.slice(0, -1), done: remember(entry, job) }, outcome: "changed" };
}

function remember(entry: Entry | undefined, job: string): string[] {
  return [...(entry?.done ?? []), job].slice(-REMEMBERED);
}
