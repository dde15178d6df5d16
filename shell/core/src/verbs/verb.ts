import type { JobInfo } from "@brains/job-queue/handler";
import type { Role } from "@brains/plugin";
import { z } from "zod";
import type { ZodType } from "zod";
import type { ToolReply } from "../contract.ts";
import { BrainsError } from "../errors.ts";
import type { JobQueue } from "@brains/job-queue";
import type { Call, Tool } from "../tool-table.ts";
import type { Handlers } from "../views.ts";

/** What the shell's verbs work on. */
export interface VerbPorts {
  readonly queue: JobQueue;
  readonly now: () => number;
  /** Job types that have a handler; undefined where no plugins are loaded. */
  readonly handlers: () => Handlers;
  /** Told after anything that may have made a job runnable. */
  readonly onRunnable: () => void;
  readonly home: string;
  /** Whether whoever started the work may approve it. */
  readonly requesterMayDecide: boolean;
  /** Removes the files of jobs that are gone. */
  readonly tidy: () => Promise<void>;
}

export interface Verb<Input extends ZodType> {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly input: Input;
  readonly role: Role;
  readonly audience?: "person" | "both" | undefined;
  readonly readOnly: boolean;
  readonly destructive?: boolean | undefined;
  readonly idempotent?: boolean | undefined;
  run(input: z.output<Input>, call: Call): Promise<{ data: unknown; text: string }>;
}

export function verbTool<Input extends ZodType>(verb: Verb<Input>): Tool {
  return {
    info: {
      name: `shell:${verb.name}`,
      plugin: "shell",
      title: verb.title,
      description: verb.description,
      input: verb.input,
      role: verb.role,
      audience: verb.audience ?? "both",
      visibility: "public",
      annotations: {
        readOnly: verb.readOnly,
        destructive: verb.destructive ?? false,
        idempotent: verb.idempotent ?? verb.readOnly,
      },
    },
    answer: {
      by: "shell",
      async run(input, call): Promise<ToolReply> {
        const { data, text } = await verb.run(input as z.output<Input>, call);
        return { kind: "data", data, text };
      },
    },
  };
}

/** `142`, `"#142"`, an id, or the beginning of one. */
export const refSchema = z
  .union([z.number().int().positive(), z.string().trim().min(1).max(200)])
  .describe("A number like 142, an id, or the unique beginning of one");

/** One or several; a single one needs no list. */
export const refsSchema = z
  .union([z.array(refSchema).min(1).max(100), refSchema.transform((ref) => [ref])])
  .describe("Numbers like 142 or ids");

export const limitSchema = z.number().int().min(1).max(1000);

export interface Found {
  readonly kind: "job" | "batch" | "request";
  readonly number: number;
  readonly id: string;
}

export async function find(queue: JobQueue, ref: string | number): Promise<Found> {
  const found = await queue.resolve(ref);
  if (found !== null) return found;
  const shown = typeof ref === "number" || /^\d+$/.test(ref) ? `#${ref}` : `"${ref}"`;
  throw new BrainsError(
    "NOT_FOUND",
    `There is no job, batch or request ${shown}. List what there is with \`jobs\` and \`batches\`.`,
  );
}

/** Refuses kinds of things that the verb cannot be used on. */
export async function findWork(
  queue: JobQueue,
  ref: string | number,
  verb: string,
): Promise<Found & { kind: "job" | "batch" }> {
  const found = await find(queue, ref);
  if (found.kind !== "request") return found as Found & { kind: "job" | "batch" };
  throw new BrainsError("INVALID_INPUT", `#${found.number} is a request, so it cannot be ${verb}. Name its job.`);
}

export async function jobOf(queue: JobQueue, found: Found): Promise<JobInfo> {
  const job = await queue.service.getStatus(found.id);
  // Deleted between the two looks.
  if (job === null) throw new BrainsError("NOT_FOUND", `Job #${found.number} is gone.`);
  return job;
}
