import type { Tone } from "../text/style.ts";
import type { Cell } from "./table.ts";

/** Words and colours for the states, the same on every screen. */
const STATES: Readonly<Record<string, { readonly word: string; readonly tone?: Tone }>> = {
  pending: { word: "queued" },
  blocked: { word: "blocked" },
  waiting_approval: { word: "needs you", tone: "yellow" },
  processing: { word: "running", tone: "cyan" },
  completed: { word: "done", tone: "green" },
  failed: { word: "failed", tone: "red" },
  cancelled: { word: "cancelled", tone: "dim" },
};

/** The state that a screen shows as this word (`done`, `needs-you`), or that has this very name. */
export function stateNamed(word: string): string | undefined {
  const wanted = word.toLowerCase().replaceAll(/[\s-]/g, "_");
  return Object.keys(STATES).find((state) => state === wanted || optionWord(state) === wanted.replaceAll("_", "-"));
}

/** The words that `--state` takes. */
export function stateWords(): string[] {
  return Object.keys(STATES).map(optionWord);
}

function optionWord(state: string): string {
  return (STATES[state]?.word ?? state).replaceAll(" ", "-");
}

export interface Standing {
  readonly state: string;
  readonly reason?: string | undefined;
  readonly cancelling?: boolean | undefined;
}

/** One or two words for where a job or batch stands. */
export function stateWord(standing: Standing): string {
  if (standing.cancelling === true && standing.state === "processing") return "stopping";
  if (standing.reason === "rejected") return "rejected";
  if (standing.reason === "interrupted") return "interrupted";
  if (standing.reason === "approval_timeout") return "expired";
  if (standing.state === "failed" && standing.reason === "timeout") return "timed out";
  return STATES[standing.state]?.word ?? standing.state;
}

export function stateTone(standing: Standing): Tone | undefined {
  return standing.cancelling === true && standing.state === "processing" ? "yellow" : STATES[standing.state]?.tone;
}

export function stateCell(standing: Standing): Cell {
  return { text: stateWord(standing), tone: stateTone(standing) };
}

/** What somebody did with the thing, where the plain state does not say it. */
export function reasonText(standing: Standing): string {
  if (standing.state !== "cancelled") return "";
  if (standing.reason === "batch") return "with its batch";
  if (standing.reason === "dependency") return "what it waited for did not complete";
  if (standing.reason === "replaced") return "a newer one took its place";
  return "";
}
