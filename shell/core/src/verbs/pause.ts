// Verbs that hold work back and let it go on: of a job type, of a plugin, or of a schedule.
import type { JobQueue } from "@brains/job-queue";
import { z } from "zod";
import { BrainsError } from "../errors.ts";
import { didYouMean, nearest } from "@brains/plugin/nearest";
import type { PauseReply, PauseView } from "../replies.ts";
import type { Tool } from "../tool-table.ts";
import { isoIf } from "../views.ts";
import { verbTool } from "./verb.ts";
import type { VerbPorts } from "./verb.ts";

const input = z.object({
  name: z
    .string()
    .trim()
    .min(1)
    .max(200)
    .describe("A job type (site-builder:build-site), a plugin, or a schedule; the bare name where only one has it"),
});

// For persons: whoever pulls a brake must be able to trust that no model lets it go.
export function pauseVerbs(ports: VerbPorts): Tool[] {
  return [
    verbTool({
      name: "pause",
      title: "Hold a job type, plugin or schedule",
      description:
        "Nothing of this job type or plugin starts any more, until unpause; what runs goes on, what is enqueued waits. A schedule that is paused does not fire.",
      input,
      role: "operator",
      audience: "person",
      readOnly: false,
      idempotent: true,
      run: ({ name }, call) => setPaused(ports, name, true, call.caller.principal),
    }),
    verbTool({
      name: "unpause",
      title: "Let a job type, plugin or schedule go on",
      description: "Ends a pause: what waited starts, and a schedule fires again from its next time on.",
      input,
      role: "operator",
      audience: "person",
      readOnly: false,
      idempotent: true,
      run: ({ name }, call) => setPaused(ports, name, false, call.caller.principal),
    }),
  ];
}

/** Everything that is held, schedules last. */
export async function pausesOf(queue: JobQueue): Promise<PauseView[]> {
  const [types, schedules] = await Promise.all([queue.service.pausedTypes(), queue.schedules.list()]);
  return [
    ...types.map(({ name, since, by }) => ({ name, kind: kindOf(name), since: isoIf(since), by })),
    ...schedules.filter(({ paused }) => paused).map(({ name }) => ({ name, kind: "schedule" as const })),
  ];
}

async function setPaused(
  ports: VerbPorts,
  name: string,
  paused: boolean,
  by: string,
): Promise<{ data: PauseReply; text: string }> {
  const { queue } = ports;
  const found = await lookUp(queue, name, paused);
  const changed = found.kind === "schedule" ? await setSchedule(queue, found.name, paused) : await setType();
  if (!paused) ports.onRunnable();
  const message = wording(found, paused, changed);
  return { data: { message, ...found, paused, changed }, text: message };

  function setType(): Promise<boolean> {
    return paused ? queue.service.pause(found.name, { by }) : queue.service.unpause(found.name);
  }
}

async function setSchedule(queue: JobQueue, name: string, paused: boolean): Promise<boolean> {
  if ((await queue.schedules.get(name))?.paused === paused) return false;
  await (paused ? queue.schedules.pause(name) : queue.schedules.unpause(name));
  return true;
}

type Target = Pick<PauseReply, "name" | "kind" | "known">;

/** The thing of this name: in full, or by the bare name that only one thing has. A plugin may be held before its first job. */
async function lookUp(queue: JobQueue, name: string, pausing: boolean): Promise<Target> {
  const [types, paused, schedules] = await Promise.all([
    queue.service.knownTypes(),
    queue.service.pausedTypes(),
    queue.schedules.list(),
  ]);
  const held = paused.map((pause) => pause.name);
  const scheduled = new Set(schedules.map((schedule) => schedule.name));
  const plugins = [...types, ...held, ...scheduled]
    .filter((full) => full.includes(":"))
    .map((full) => full.slice(0, full.indexOf(":")));
  const holdable = new Set([...types, ...plugins, ...held]);
  if (holdable.has(name)) return { name, kind: kindOf(name, types), known: true };
  if (scheduled.has(name)) return { name, kind: "schedule", known: true };
  const all = [...holdable, ...scheduled];
  const [only, ...others] = all.filter((full) => full.endsWith(`:${name}`));
  if (only !== undefined && others.length === 0)
    return { name: only, kind: holdable.has(only) ? "type" : "schedule", known: true };
  if (only !== undefined)
    throw new BrainsError("NOT_FOUND", `"${name}" could be ${[only, ...others].join(" or ")}. Give the full name.`);
  const near = [...all, ...all.map((full) => full.slice(full.indexOf(":") + 1))];
  if (!pausing || nearest(name, near) !== undefined)
    throw new BrainsError("NOT_FOUND", `Nothing here is called "${name}".${didYouMean(name, near)}`);
  return { name, kind: kindOf(name), known: false };
}

/** A name without a colon is a plugin's, but for types of an application that has no plugins. */
function kindOf(name: string, types: readonly string[] = []): "type" | "plugin" {
  return name.includes(":") || types.includes(name) ? "type" : "plugin";
}

function wording({ name, kind, known }: Target, paused: boolean, changed: boolean): string {
  if (!changed) return paused ? `${name} was paused already.` : `${name} was not paused.`;
  if (kind === "schedule") return paused ? `The schedule ${name} does not fire any more.` : `${name} fires again.`;
  if (!paused) return `${name} goes on.`;
  const unseen = known ? "" : " Nothing of this name was seen here yet.";
  return `Nothing of ${name} starts until it is unpaused; what runs goes on.${unseen}`;
}
