// The addresses of work: job://142, job://142/output, job://142/result, batch://7. The id is a number, as people say it, or a whole id.

export type WorkPart = "state" | "output" | "result";

export interface WorkUri {
  readonly kind: "job" | "batch";
  readonly id: string;
  readonly part: WorkPart;
}

/** Undefined for an address of something else, and for one page of an output, which does not change. */
export function workUri(uri: string): WorkUri | undefined {
  const [, kind, id, part] = /^(job|batch):\/\/(\d{1,15}(?:-[a-z0-9]{1,60})?)(?:\/(output|result))?$/.exec(uri) ?? [];
  if (id === undefined || (kind === "batch" && part !== undefined)) return undefined;
  return { kind: kind as WorkUri["kind"], id, part: (part as WorkPart | undefined) ?? "state" };
}

export const jobUri = (number: number): string => `job://${number}`;
export const batchUri = (number: number): string => `batch://${number}`;
export const outputUri = (number: number): string => `job://${number}/output`;
export const resultUri = (number: number): string => `job://${number}/result`;
