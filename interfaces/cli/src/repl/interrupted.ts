// Work that a dead worker left unfinished, as cards: it stays as it is unless the person says otherwise.
import type { InterruptedReply, Operation, RequestView } from "@brains/shell";
import type { AppSession } from "../app-port.ts";
import { callVerb } from "../call.ts";

const CHOICES = ["keep", "retry", "delete", "view"] as const;
/** More of them than this are a line, not a card each. */
const MOST_CARDS = 5;

export interface InterruptedCards {
  readonly requests: readonly RequestView[];
  /** Looks for more; resolves to lines to say besides the cards. */
  look(): Promise<string[]>;
  owns(request: RequestView): boolean;
  /** What to run for an answer, as it would be typed. */
  answer(request: RequestView, choice: string): string | undefined;
}

export function interruptedCards(session: AppSession): InterruptedCards {
  let requests: readonly RequestView[] = [];
  return {
    get requests() {
      return requests;
    },
    async look() {
      if (session.caller.kind === "model") return [];
      // Shown is seen: who leaves without an answer has kept them.
      const { operations } = await callVerb<InterruptedReply>(session, "interrupted", { seen: true });
      requests = [...requests, ...operations.slice(0, MOST_CARDS).map(cardOf)];
      const more = operations.length - MOST_CARDS;
      return more > 0 ? [` ${more} more jobs were interrupted when their worker died: /jobs --state failed`] : [];
    },
    owns: (request) => requests.includes(request),
    answer(request, choice) {
      if (choice === "view") return `/jobs ${request.jobNumber}\n/logs ${request.jobNumber}`;
      requests = requests.filter((one) => one !== request);
      return choice === "keep" ? undefined : `/${choice} ${request.jobNumber}`;
    },
  };
}

function cardOf(operation: Operation): RequestView {
  return {
    id: `interrupted:${operation.id}:${operation.run}`,
    number: operation.number,
    jobId: operation.id,
    jobNumber: operation.number,
    jobType: operation.type ?? "",
    jobLabel: operation.label,
    run: operation.run,
    name: "interrupted",
    question: `${operation.label} was interrupted: its worker died. It does not run again by itself.`,
    choices: CHOICES,
    details: operation.startedAt === undefined ? undefined : `It was started ${operation.startedAt}.`,
    state: "open",
    createdAt: "",
    asked: "",
  };
}
