import type { Key } from "ink";

/** A key as the editor and the prompt understand it. */
export type PromptKey = { readonly name: "text"; readonly text: string } | { readonly name: PlainKey };

export type PlainKey =
  | "enter"
  | "tab"
  | "escape"
  | "left"
  | "right"
  | "up"
  | "down"
  | "home"
  | "end"
  | "word-left"
  | "word-right"
  | "backspace"
  | "delete"
  | "delete-word-left"
  | "delete-word-right"
  | "delete-to-start"
  | "delete-to-end"
  | "yank"
  | "search"
  | "focus"
  | "suspend"
  | "interrupt"
  | "end-of-input";

const CONTROL: Readonly<Record<string, PlainKey>> = {
  a: "focus",
  b: "left",
  c: "interrupt",
  d: "end-of-input",
  e: "end",
  f: "right",
  h: "backspace",
  i: "tab",
  j: "enter",
  k: "delete-to-end",
  m: "enter",
  n: "down",
  p: "up",
  r: "search",
  u: "delete-to-start",
  w: "delete-word-left",
  y: "yank",
  z: "suspend",
};

const META: Readonly<Record<string, PlainKey>> = { b: "word-left", f: "word-right", d: "delete-word-right" };

function named(key: Key): PlainKey | undefined {
  const byWord = key.ctrl || key.meta;
  if (key.leftArrow) return byWord ? "word-left" : "left";
  if (key.rightArrow) return byWord ? "word-right" : "right";
  if (key.upArrow) return "up";
  if (key.downArrow) return "down";
  if (key.home) return "home";
  if (key.end) return "end";
  if (key.return) return "enter";
  if (key.tab) return "tab";
  if (key.backspace) return byWord ? "delete-word-left" : "backspace";
  if (key.delete) return byWord ? "delete-word-right" : "delete";
  return key.escape ? "escape" : undefined;
}

/** One report of the terminal as keys. Fast typing arrives as one piece, control characters among it. */
export function toKeys(input: string, key: Key): PromptKey[] {
  if (key.eventType === "release") return [];
  const name = named(key);
  if (name !== undefined) return [{ name }];
  if (key.ctrl || key.meta) {
    const known = (key.ctrl ? CONTROL : META)[input.toLowerCase()];
    return known === undefined ? [] : [{ name: known }];
  }
  const keys: PromptKey[] = [];
  // oxlint-disable-next-line no-control-regex -- control characters are keys
  for (const part of input.split(/([\u0000-\u001F\u007F])/)) {
    if (part === "") continue;
    const code = part.charCodeAt(0);
    if (part.length > 1 || (code >= 0x20 && code !== 0x7f)) {
      keys.push({ name: "text", text: part });
      continue;
    }
    const known = code === 0x7f ? "backspace" : CONTROL[String.fromCharCode(code + 0x60)];
    if (known !== undefined) keys.push({ name: known });
  }
  return keys;
}
