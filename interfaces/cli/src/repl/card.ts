// The card of an open request, and when a key may answer it. A key that was meant for one question must never answer another.
import type { RequestView } from "@brains/shell";
import type { Layout } from "../render/layout.ts";
import { asker, detailLines, expiry } from "../render/requests.ts";
import { printable } from "../text/printable.ts";
import { textWidth, truncate } from "../text/width.ts";

export interface CardState {
  readonly shown: RequestView | undefined;
  /** How many are open, the shown one included. */
  readonly open: number;
  readonly focused: boolean;
  /** When the shown card last became another one. */
  readonly changedAt: number;
  /** Why the last key did nothing. */
  readonly remark: string | undefined;
}

export const NO_CARD: CardState = { shown: undefined, open: 0, focused: false, changedAt: 0, remark: undefined };

/** Keys do nothing for so long after the card changed. */
export const GRACE = 600;

function fingerprint(request: RequestView | undefined): string {
  if (request === undefined) return "";
  return JSON.stringify([request.id, request.run, request.question, request.choices, request.details, request.digest]);
}

/** First in, first out; a request that was brought forward by its number stays until it is answered. */
export function showRequests(card: CardState, requests: readonly RequestView[], now: number): CardState {
  const shown = requests.find((request) => request.id === card.shown?.id) ?? requests[0];
  const open = requests.length;
  if (fingerprint(shown) === fingerprint(card.shown))
    return shown === card.shown && open === card.open ? card : { ...card, shown, open };
  return {
    shown,
    open,
    focused: shown !== undefined && card.focused,
    changedAt: now,
    remark: card.focused && shown !== undefined ? "the question changed, look again" : undefined,
  };
}

/** Focus the card, or bring the request of this number forward and focus it. */
export function focusCard(
  card: CardState,
  requests: readonly RequestView[],
  number: number | undefined,
  now: number,
): CardState {
  const wanted = number === undefined ? card.shown : requests.find((request) => request.number === number);
  if (wanted === undefined) return card;
  const changed = wanted.id !== card.shown?.id;
  return { ...card, shown: wanted, focused: true, changedAt: changed ? now : card.changedAt, remark: undefined };
}

/** At the prompt `/approve` and `/approve 17` show a question and focus it: the answer is a key of its own. With more words it is a command. */
export function questionToShow(words: readonly string[], requests: readonly RequestView[]): RequestView | undefined {
  if (!/^\/?approve$/.test(words[0] ?? "") || words.length > 2) return undefined;
  if (words.length === 1) return requests[0];
  const number = Number(words[1]!.replace("#", ""));
  return requests.find((request) => request.number === number || request.jobNumber === number);
}

/** The letter of each choice: the first one of its own that no choice before it took, else a digit. To cancel is x, as everywhere. */
export function choiceKeys(choices: readonly string[]): ReadonlyMap<string, string> {
  const keys = new Map<string, string>();
  for (const [index, choice] of choices.entries()) {
    const wanted = choice === "cancel" ? `x${choice}` : choice.toLowerCase();
    const letter = [...wanted].find((each) => /[a-z]/.test(each) && !keys.has(each));
    keys.set(letter ?? String(index + 1), choice);
  }
  return keys;
}

/** A step of a job that a person looks at before the job goes on. */
function isReview({ choices }: RequestView): boolean {
  return choices.length === 3 && ["continue", "retry", "cancel"].every((choice) => choices.includes(choice));
}

/** What a key means for a focused card. */
export function pressCard(
  card: CardState,
  text: string,
  now: number,
): {
  readonly card: CardState;
  readonly decide?: { readonly request: RequestView; readonly choice: string };
  /** What the person finishes typing: another try of a step comes with a remark. */
  readonly line?: string;
} {
  const request = card.shown;
  if (request === undefined || !card.focused) return { card };
  const choice = choiceKeys(request.choices).get(text.toLowerCase());
  if (choice === undefined) return { card: { ...card, remark: "press the letter of an answer, or Esc to type" } };
  if (now - card.changedAt < GRACE) return { card: { ...card, remark: "the question changed, look again" } };
  const answered = { ...card, focused: false, remark: undefined };
  if (choice === "retry" && isReview(request))
    return { card: answered, line: `/approve ${request.number} --choice retry --comment ""` };
  return { card: answered, decide: { request, choice } };
}

function choiceText(key: string, choice: string): string {
  const at = choice.toLowerCase().indexOf(key);
  const safe = printable(choice);
  return at < 0 ? `[${key}] ${safe}` : `${safe.slice(0, at)}[${safe.slice(at, at + 1)}]${safe.slice(at + 1)}`;
}

/** The card in at most `most` lines (at least 3). */
export function cardLines(card: CardState, most: number, layout: Layout): string[] {
  const { shown: request, open } = card;
  if (request === undefined) return [];
  const { style, now, width } = layout;
  const count = open > 1 ? `   (1 of ${open})` : "";
  const head = truncate(`#${request.number} ${printable(request.question)}`, width - 4 - textWidth(count));
  const lines = [` ${style.yellow("!")} ${style.bold(head)}${style.dim(count)}`];
  const asked = request.asked === "" ? "" : `asked ${printable(request.asked)} ${asker(request)}`;
  const facts = [asked, expiry(request, now)].filter((part) => part !== "");
  const details = detailLines(request.details, width - 6);
  const room = Math.max(0, most - 3);
  const shown = details.length > room ? details.slice(0, Math.max(0, room - 1)) : details;
  for (const line of shown) lines.push(`     ${line}`);
  if (details.length > shown.length && room > 0) {
    lines.push(
      style.dim(
        truncate(`     +${details.length - shown.length} lines, all of it: /jobs ${request.number}`, width - 1),
      ),
    );
  }
  if (facts.length > 0) lines.push(style.dim(truncate(`     ${facts.join("   ")}`, width - 1)));
  const choices = [...choiceKeys(request.choices)].map(([key, choice]) => choiceText(key, choice)).join("  ");
  const answer = truncate(choices, width - 6);
  const paintHow = card.remark === undefined ? style.dim : style.yellow;
  const how = card.remark ?? (card.focused ? "press a letter; Esc to type" : "Ctrl+A to answer");
  const shownHow = truncate(how, width - 9 - textWidth(answer));
  lines.push(`     ${card.focused ? style.cyan(answer) : answer}${shownHow === "" ? "" : `   ${paintHow(shownHow)}`}`);
  return lines;
}
