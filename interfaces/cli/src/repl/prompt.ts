// The state behind the prompt: what is typed, what runs, which question is open. It draws nothing; the screen asks for it and is told when it changed.
import type { ActionReply, StatusReply } from "@brains/shell";
import type { AppSession } from "../app-port.ts";
import { callVerb } from "../call.ts";
import { demandPerson } from "../demand-person.ts";
import type { Layout } from "../render/layout.ts";
import { isProgramCard } from "../render/program-card.ts";
import { changeLine } from "../render/replies.ts";
import { requestLines } from "../render/requests.ts";
import { errorLines } from "../render/error.ts";
import { clockSeconds } from "../text/time.ts";
import { focusCard, NO_CARD, pressCard, questionToShow, showRequests, type CardState } from "./card.ts";
import { completePrompt } from "./complete-prompt.ts";
import { interruptedCards } from "./interrupted.ts";
import { edit, EMPTY_EDITOR, insertText, setText, type EditorState } from "./editor.ts";
import type { History } from "./history.ts";
import type { PromptKey } from "./keys.ts";
import { runLine, type LineContext } from "./run-line.ts";
import { splitCommands } from "./words.ts";
import { EMPTY_VIEW, reduceWork, type WorkEvent, type WorkView } from "./work-view.ts";

/** Job news is drawn at most so often; keys are drawn at once. Milliseconds. */
const FRAME = 100;
/** Estimates and notes are looked up so often while something runs; and when an event says that the view is stale, after a moment. */
const LOOK = 2000;
const LOOK_SOON = 150;
const QUIT_WITHIN = 2000;

export interface PromptSnapshot {
  readonly editor: EditorState;
  readonly view: WorkView;
  readonly card: CardState;
  readonly hint: string | undefined;
  readonly following: number;
  /** Lines of the scrollback; only ever grows at its end. */
  readonly said: readonly string[];
  readonly now: number;
  /** Nothing is left to draw but what was said. */
  readonly closed: boolean;
}

export interface Prompt {
  snapshot(): PromptSnapshot;
  subscribe(listener: () => void): () => void;
  key(key: PromptKey): void;
  paste(text: string): void;
  /** Run a line as if it had been typed. */
  submit(text: string): Promise<void>;
  say(lines: readonly string[]): void;
  readonly history: readonly string[];
  /** Resolves to the exit code when the person left. */
  readonly left: Promise<number>;
  close(): Promise<void>;
}

export interface PromptOptions {
  readonly session: AppSession;
  readonly history: History;
  readonly layout: () => Layout;
  readonly line: Omit<LineContext, "session" | "output" | "interruptible">;
  readonly output: (say: (lines: readonly string[]) => void, json: boolean) => ReturnType<LineContext["output"]>;
  /** Ctrl+Z. */
  readonly suspend?: (() => void) | undefined;
}

function tellsOfInterruption(event: WorkEvent): boolean {
  if (event.type !== "work" || event.event.kind !== "job" || event.event.change !== "ended") return false;
  return ["interrupted", "crashed"].includes(event.event.job.reason ?? "");
}

export function createPrompt(options: PromptOptions): Prompt {
  const { session, history, layout } = options;
  const listeners = new Set<() => void>();
  const followers = new Set<AbortController>();
  /** Jobs whose end whoever follows them tells. */
  const toldElsewhere = new Set<number>();
  let editor = EMPTY_EDITOR;
  let view = EMPTY_VIEW;
  let card = NO_CARD;
  let hint: string | undefined;
  let said: string[] = [];
  let quitArmedAt = Number.NEGATIVE_INFINITY;
  let current: PromptSnapshot | undefined;
  let pending: WorkEvent[] = [];
  let frame: NodeJS.Timeout | undefined;
  let look: NodeJS.Timeout | undefined;
  let looking = false;
  let lookAt = Number.POSITIVE_INFINITY;
  let first = true;
  let closed = false;
  let inFull: string | undefined;
  let leave: (code: number) => void = () => {};
  const interrupted = interruptedCards(session);
  const left = new Promise<number>((resolve) => {
    leave = resolve;
  });

  const changed = () => {
    current = undefined;
    for (const listener of listeners) listener();
  };
  const say = (lines: readonly string[]) => {
    said = [...said, ...lines];
    changed();
  };
  const sayError = (error: unknown) => {
    say(errorLines(error, layout()).map((line) => ` ${line}`));
  };
  const apply = (events: readonly WorkEvent[]) => {
    for (const event of events) view = reduceWork(view, event);
    if (view.ended.length > 0) {
      const news = view.ended.filter(({ number }) => !toldElsewhere.delete(number));
      const at = layout();
      said = [
        ...said,
        ...news.map(
          (operation) =>
            ` ${at.style.dim(clockSeconds(at.now))}  ${changeLine(operation, at)}${operation.status === "failed" ? at.style.dim(`   /jobs ${operation.number}`) : ""}`,
        ),
      ];
      view = reduceWork(view, { type: "told" });
    }
    showCards();
    if (events.some(tellsOfInterruption)) void lookForInterrupted();
  };
  const showCards = () => {
    card = showRequests(card, [...interrupted.requests, ...view.requests], Date.now());
  };
  /** Whoever is about to answer has all of it above, however little of it the card has room for. */
  const focus = (number?: number) => {
    card = focusCard(card, view.requests, number, Date.now());
    if (card.shown !== undefined && card.shown.id !== inFull && isProgramCard(card.shown.details)) {
      inFull = card.shown.id;
      say(requestLines(card.shown, layout(), { next: false }));
    }
  };
  const lookForInterrupted = async () => {
    try {
      say(await interrupted.look());
      showCards();
      changed();
    } catch (error) {
      if (!closed) sayError(error);
    }
  };
  const flush = () => {
    frame = undefined;
    const events = pending;
    pending = [];
    apply(events);
    if (view.stale) lookIn(LOOK_SOON);
    changed();
  };
  const draw = () => {
    frame ??= setTimeout(flush, FRAME);
  };

  const lookNow = async () => {
    if (looking || closed) return;
    looking = true;
    lookAt = Number.POSITIVE_INFINITY;
    try {
      const status = await callVerb<StatusReply>(session, "status", {});
      if (closed) return;
      pending.push({ type: "status", status, first });
      first = false;
      flush();
      const runnable = status.operations.some((operation) => ["pending", "processing"].includes(operation.status));
      if (runnable && status.workers.length === 0) await session.ensureWorker();
    } catch (error) {
      if (!closed) hint = errorLines(error, layout())[0];
    } finally {
      looking = false;
      lookIn(LOOK);
    }
  };
  const lookIn = (ms: number) => {
    const due = Date.now() + ms;
    if (closed || looking || due >= lookAt) return;
    lookAt = due;
    clearTimeout(look);
    look = setTimeout(() => void lookNow(), ms);
  };
  const unfollow = session.shell.follow(session.caller, (event) => {
    pending.push({ type: "work", event });
    draw();
  });
  // Elapsed times move on even when no event comes.
  const second = setInterval(() => {
    if (view.operations.size > 0 || view.requests.length > 0) draw();
  }, 1000);
  void lookNow();
  void lookForInterrupted();

  const interruptible: LineContext["interruptible"] = async (work, tells) => {
    const stop = new AbortController();
    if (tells !== undefined) {
      toldElsewhere.add(tells);
      stop.signal.addEventListener("abort", () => toldElsewhere.delete(tells));
    }
    followers.add(stop);
    changed();
    try {
      return { value: await work(stop.signal), interrupted: stop.signal.aborted };
    } finally {
      followers.delete(stop);
      changed();
    }
  };
  const quit = () => {
    const active = [...view.operations.values()].length;
    if (active > 0)
      say([` ${active === 1 ? "1 operation keeps" : `${active} operations keep`} running. Look again: brains status`]);
    leave(0);
  };
  const submit = async (text: string) => {
    const { style } = layout();
    say(text.split("\n").map((line, index) => `${index === 0 ? style.cyan(" > ") : "   "}${line}`));
    try {
      for (const words of splitCommands(text)) {
        const shown = questionToShow(words, view.requests);
        if (shown !== undefined) {
          focus(shown.number);
          changed();
          continue;
        }
        const done = await runLine(words, {
          ...options.line,
          session,
          interruptible,
          output: (json) => options.output(say, json),
        });
        if (done === "quit") quit();
      }
    } catch (error) {
      sayError(error);
    }
    lookIn(LOOK_SOON);
  };
  const decide = async (request: NonNullable<CardState["shown"]>, choice: string) => {
    if (interrupted.owns(request)) {
      const line = interrupted.answer(request, choice);
      showCards();
      return line === undefined ? changed() : submit(line);
    }
    try {
      demandPerson(options.line.brain.env, true);
      await callVerb<ActionReply>(session, "decide", { ids: [request.number], choice, digest: request.digest });
      say([` #${request.number} ${choice}`]);
      await session.ensureWorker();
    } catch (error) {
      sayError(error);
    }
    await lookNow();
  };
  const interrupt = () => {
    if (editor.text !== "" || editor.search !== undefined) {
      editor = EMPTY_EDITOR;
      return;
    }
    if (card.focused) {
      card = { ...card, focused: false, remark: undefined };
      return;
    }
    if (followers.size > 0) {
      for (const follower of followers) follower.abort();
      return;
    }
    const now = Date.now();
    if (now - quitArmedAt <= QUIT_WITHIN) {
      quit();
      return;
    }
    quitArmedAt = now;
    const active = view.operations.size;
    hint = `Ctrl+C again to quit${active === 0 ? "" : `; ${active === 1 ? "1 operation keeps" : `${active} operations keep`} running`}`;
  };
  const enter = () => {
    const text = editor.text;
    editor = { ...EMPTY_EDITOR, killed: editor.killed };
    if (text.trim() === "") return;
    history.add(text);
    void submit(text);
  };
  const complete = async () => {
    const before = editor;
    const offer = await completePrompt(before.text.slice(0, before.cursor), session, [...view.operations.values()]);
    // Something else was typed meanwhile: the offer is of no use any more.
    if (editor !== before) return;
    if (offer.insert !== "") editor = insertText(editor, offer.insert);
    hint = offer.choices.length > 1 ? offer.choices.join("  ") : undefined;
    changed();
  };
  const key = (pressed: PromptKey) => {
    if (pressed.name !== "tab") hint = undefined;
    if (pressed.name !== "interrupt") quitArmedAt = Number.NEGATIVE_INFINITY;
    if (pressed.name === "interrupt") interrupt();
    else if (pressed.name === "suspend") options.suspend?.();
    else if (card.focused && card.shown !== undefined) {
      if (pressed.name === "escape" || pressed.name === "focus") card = { ...card, focused: false, remark: undefined };
      else if (pressed.name === "text") {
        const pressedCard = pressCard(card, pressed.text, Date.now());
        card = pressedCard.card;
        const { line } = pressedCard;
        if (line !== undefined) editor = { ...setText(editor, line), cursor: line.length - 1 };
        if (pressedCard.decide !== undefined) void decide(pressedCard.decide.request, pressedCard.decide.choice);
      }
    } else if (pressed.name === "focus" && card.shown !== undefined) focus();
    else if (pressed.name === "end-of-input" && editor.text === "") quit();
    else if (pressed.name === "tab" && editor.search === undefined) void complete();
    else if (pressed.name === "enter" && editor.search === undefined) enter();
    else {
      const searching = editor.search !== undefined;
      editor = edit(editor, pressed, history.entries);
      if (searching && pressed.name === "enter") enter();
    }
    changed();
  };

  return {
    history: history.entries,
    left,
    submit,
    say,
    key,
    paste(text) {
      // A paste is never an answer to a question.
      if (!card.focused)
        editor = insertText(editor.search === undefined ? editor : setText(editor, editor.search.before), text);
      changed();
    },
    snapshot() {
      current ??= { editor, view, card, hint, following: followers.size, said, now: Date.now(), closed };
      return current;
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    async close() {
      closed = true;
      unfollow();
      clearInterval(second);
      clearTimeout(frame);
      clearTimeout(look);
      for (const follower of followers) follower.abort();
      changed();
      await history.flush();
    },
  };
}
