// The line editor as a pure function of (state, key, history). It knows nothing of jobs, so that nothing they do can touch what is being typed.
import { splitGraphemes } from "../text/width.ts";
import type { PromptKey } from "./keys.ts";

export interface EditorState {
  readonly text: string;
  /** Offset in `text` (UTF-16), always between two graphemes. */
  readonly cursor: number;
  /** What was deleted last by word or line. */
  readonly killed: string;
  /** Which entry of the history is shown, counted from the newest (0); undefined while a new line is typed. */
  readonly recalled: number | undefined;
  /** The new line, kept while the history is looked through. */
  readonly draft: string;
  readonly search: { readonly query: string; readonly skip: number; readonly before: string } | undefined;
}

export const EMPTY_EDITOR: EditorState = {
  text: "",
  cursor: 0,
  killed: "",
  recalled: undefined,
  draft: "",
  search: undefined,
};

const WORD = /[\p{Letter}\p{Number}_]/u;

function before(text: string, cursor: number): number {
  return cursor - (splitGraphemes(text.slice(0, cursor)).at(-1)?.length ?? 0);
}

function after(text: string, cursor: number): number {
  return cursor + (splitGraphemes(text.slice(cursor))[0]?.length ?? 0);
}

function wordLeft(text: string, cursor: number): number {
  let at = cursor;
  while (at > 0 && !WORD.test(text.slice(before(text, at), at))) at = before(text, at);
  while (at > 0 && WORD.test(text.slice(before(text, at), at))) at = before(text, at);
  return at;
}

function wordRight(text: string, cursor: number): number {
  let at = cursor;
  while (at < text.length && !WORD.test(text.slice(at, after(text, at)))) at = after(text, at);
  while (at < text.length && WORD.test(text.slice(at, after(text, at)))) at = after(text, at);
  return at;
}

function replaceRange(state: EditorState, from: number, to: number, insert: string): EditorState {
  return {
    ...state,
    text: state.text.slice(0, from) + insert + state.text.slice(to),
    cursor: from + insert.length,
    recalled: undefined,
  };
}

function kill(state: EditorState, from: number, to: number): EditorState {
  if (from === to) return state;
  return { ...replaceRange(state, from, to, ""), killed: state.text.slice(from, to) };
}

/** Put text in at the cursor. Line breaks stay (a paste may have several lines), tabs become spaces, other control characters go. */
export function insertText(state: EditorState, text: string): EditorState {
  const clean = text
    .replaceAll(/\r\n?/g, "\n")
    .replaceAll("\t", " ")
    // oxlint-disable-next-line no-control-regex -- what must not get into a line
    .replaceAll(/[\u0000-\u0009\u000B-\u001F\u007F-\u009F]/g, "");
  return clean === "" ? state : replaceRange(state, state.cursor, state.cursor, clean);
}

/** Replace the whole line; the cursor goes to its end. */
export function setText(state: EditorState, text: string): EditorState {
  return { ...state, text, cursor: text.length, recalled: undefined, search: undefined };
}

function recall(state: EditorState, history: readonly string[], index: number | undefined): EditorState {
  const text = index === undefined ? state.draft : history.at(-1 - index);
  if (text === undefined) return state;
  const draft = state.recalled === undefined ? state.text : state.draft;
  return { ...state, text, cursor: text.length, recalled: index, draft };
}

/** The newest entry that contains the query, `skip` matches back. */
export function searchMatch(
  history: readonly string[],
  search: NonNullable<EditorState["search"]>,
): string | undefined {
  if (search.query === "") return undefined;
  let left = search.skip;
  const seen = new Set<string>();
  for (let index = history.length - 1; index >= 0; index--) {
    const entry = history[index]!;
    if (seen.has(entry) || !entry.toLowerCase().includes(search.query.toLowerCase())) continue;
    seen.add(entry);
    if (left-- === 0) return entry;
  }
  return undefined;
}

function editSearch(
  state: EditorState,
  search: NonNullable<EditorState["search"]>,
  key: PromptKey,
  history: readonly string[],
): EditorState {
  if (key.name === "text") return { ...state, search: { ...search, query: search.query + key.text, skip: 0 } };
  if (key.name === "backspace") {
    return {
      ...state,
      search: { ...search, query: search.query.slice(0, before(search.query, search.query.length)), skip: 0 },
    };
  }
  if (key.name === "search" || key.name === "up") {
    const further = { ...search, skip: search.skip + 1 };
    return searchMatch(history, further) === undefined ? state : { ...state, search: further };
  }
  if (key.name === "down") return { ...state, search: { ...search, skip: Math.max(0, search.skip - 1) } };
  if (key.name === "escape" || key.name === "interrupt") return setText(state, search.before);
  // Any other key takes the match and then does what it does.
  return edit(setText(state, searchMatch(history, search) ?? search.before), key, history);
}

/** Apply one key. Keys that are not the editor's (enter, tab, interrupt, …) change nothing but an open search. */
export function edit(state: EditorState, key: PromptKey, history: readonly string[]): EditorState {
  if (state.search !== undefined) return editSearch(state, state.search, key, history);
  const { text, cursor } = state;
  switch (key.name) {
    case "text":
      return insertText(state, key.text);
    case "left":
      return { ...state, cursor: before(text, cursor) };
    case "right":
      return { ...state, cursor: after(text, cursor) };
    case "word-left":
      return { ...state, cursor: wordLeft(text, cursor) };
    case "word-right":
      return { ...state, cursor: wordRight(text, cursor) };
    case "home":
    case "focus":
      return { ...state, cursor: text.lastIndexOf("\n", cursor - 1) + 1 };
    case "end": {
      const end = text.indexOf("\n", cursor);
      return { ...state, cursor: end < 0 ? text.length : end };
    }
    case "backspace":
      return cursor === 0 ? state : replaceRange(state, before(text, cursor), cursor, "");
    case "delete":
    case "end-of-input":
      return cursor === text.length ? state : replaceRange(state, cursor, after(text, cursor), "");
    case "delete-word-left":
      return kill(state, wordLeft(text, cursor), cursor);
    case "delete-word-right":
      return { ...kill(state, cursor, wordRight(text, cursor)), cursor };
    case "delete-to-start":
      return kill(state, 0, cursor);
    case "delete-to-end":
      return { ...kill(state, cursor, text.length), cursor };
    case "yank":
      return state.killed === "" ? state : insertText(state, state.killed);
    case "up":
      return recall(state, history, (state.recalled ?? -1) + 1);
    case "down":
      if (state.recalled === undefined) return state;
      return recall(state, history, state.recalled === 0 ? undefined : state.recalled - 1);
    case "search":
      return { ...state, search: { query: "", skip: 0, before: text } };
    default:
      return state;
  }
}
