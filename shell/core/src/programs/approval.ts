// The approval of a program: asked for before it starts, compared with what is there when it starts, and used once.
import type { JobQueue } from "@brains/job-queue";
import { failJob } from "@brains/plugin";
import type { JobContext, ProgramJudgement } from "@brains/plugin";
import type { RequestInfo } from "@brains/job-queue/handler";
import { boundFiles } from "./bound-files.ts";
import { programCard } from "./card.ts";
import { isProgramCard } from "./is-card.ts";
import { boundParts, canonical, changes, digestOf, sha256 } from "./digest.ts";
import type { Binding } from "./digest.ts";
import { earlyInputOf } from "./early-input.ts";
import type { ResolvedProgram } from "./resolve.ts";
import type { ProgramSettings } from "./settings.ts";

export interface ApprovalPorts {
  readonly queue: JobQueue;
  readonly settings: ProgramSettings;
  readonly now: () => number;
}

/** Which program of which attempt. */
export interface ProgramOfJob {
  readonly job: JobContext;
  /** With its version, e.g. `commands 1.2.0`. */
  readonly plugin: string;
  /** The request whose approval this attempt has just used. */
  readonly using?: string | undefined;
}

/** An approval that holds for what is there now. */
export interface Approval {
  readonly request: string;
  readonly digest: string;
}

/**
 * The approval for exactly this program, or the end of the attempt with a request for one. Asked twice in one attempt, before and after a wait,
 * it asks again if anything changed in between. Only the latest request counts: what was approved before somebody was asked anew is over.
 */
export async function approvalFor(
  ports: ApprovalPorts,
  of: ProgramOfJob,
  program: ResolvedProgram,
  judgement: ProgramJudgement,
): Promise<Approval> {
  const { job } = of;
  const binding = await bindingOf(ports, of, program);
  const parts = boundParts(binding);
  const digest = digestOf(parts);
  const asked = await requestsOf(ports.queue, job, program);
  const latest = asked.at(-1);
  const problem = latest && (await problemOf(ports, of, latest, digest));
  if (latest && problem === undefined) return { request: latest.name, digest };
  const changed =
    latest && problem === "changed" ? whatChanged(latest, parts) : problem === undefined ? undefined : [problem];
  // Ends the attempt; the next one comes back to the look above.
  await job.requestDecision({
    name: `${prefixOf(program)}${asked.length + 1}`,
    question: `Run ${program.kind === "code" ? "this code" : "this command"}?`,
    details: programCard(binding, judgement, job.origin, parts, changed),
    digest,
    expiresIn: ports.settings.approvals.hours * 3_600_000,
  });
  throw failJob("The approval was given to something else.", { code: "PROGRAM_CHANGED" });
}

/** Marks the approval as used. False when it was used before: by an attempt that was interrupted. */
export async function useApproval(job: JobContext, { request, digest }: Approval): Promise<boolean> {
  let mine = false;
  await job.step(usedName(job, request), () => {
    mine = true;
    return { digest };
  });
  return mine;
}

async function bindingOf({ queue, settings }: ApprovalPorts, of: ProgramOfJob, program: ResolvedProgram) {
  const { job, plugin } = of;
  const origin = job.origin;
  return {
    program,
    ...(await boundFiles(program, settings.approvals.largeFiles)),
    plugin,
    requester: origin === undefined ? plugin : `${origin.interface ?? ""}:${origin.principal}`,
    earlyInput: await earlyInputOf(queue, job.number, job.run),
  } satisfies Binding;
}

/** By what was asked for, not by its order: a handler that runs again may skip what it has done. */
const prefixOf = ({ request }: ResolvedProgram) => `program:${sha256(canonical(request)).slice(0, 16)}:`;
const usedName = (job: JobContext, request: string) => `approval used: run ${job.run}, ${request}`;

/** Of this program in this run, oldest first. */
async function requestsOf(queue: JobQueue, job: JobContext, program: ResolvedProgram): Promise<RequestInfo[]> {
  const all = await queue.requests.list({ job: job.id });
  const prefix = prefixOf(program);
  return all
    .filter(({ run, name }) => run === job.run && name.startsWith(prefix))
    .toSorted((a, b) => a.number - b.number);
}

/** Why a request's answer does not let the program start; undefined where it does. */
async function problemOf(
  { queue, now }: ApprovalPorts,
  { job, using }: ProgramOfJob,
  { name, state, digest, decision, expiresAt }: RequestInfo,
  present: string,
): Promise<string | undefined> {
  if (state !== "decided" || decision?.choice !== "approve") return "the earlier request was not approved";
  if (digest !== present) return "changed";
  if (expiresAt !== undefined && expiresAt <= now()) return "the earlier approval has expired";
  if (name === using) return undefined;
  const steps = await queue.service.steps(job.id);
  if (steps.some((step) => step.name === usedName(job, name))) return "the earlier approval was used";
  return undefined;
}

function whatChanged({ details }: RequestInfo, parts: ReturnType<typeof boundParts>): string[] {
  return isProgramCard(details) ? changes(details.bound, parts) : ["the program changed"];
}
