import fc from "fast-check";
import { expect, test } from "vitest";
import { edit, EMPTY_EDITOR, insertText, searchMatch, type EditorState } from "../src/repl/editor.ts";
import { editorLines } from "../src/repl/editor-lines.ts";
import type { PlainKey, PromptKey } from "../src/repl/keys.ts";
import { textWidth } from "../src/text/width.ts";

/** "abc|def": the text with its cursor. */
const at = (text: string): EditorState => ({ ...EMPTY_EDITOR, text: text.replace("|", ""), cursor: text.indexOf("|") });
const show = ({ text, cursor }: EditorState) => `${text.slice(0, cursor)}|${text.slice(cursor)}`;
const press = (state: EditorState, keys: (PlainKey | { text: string })[], history: readonly string[] = []) =>
  keys.reduce<EditorState>((now, key) => {
    const pressed: PromptKey = typeof key === "string" ? { name: key } : { name: "text", text: key.text };
    return edit(now, pressed, history);
  }, state);

test.each<[string, PlainKey, string]>([
  ["ab|c", "left", "a|bc"],
  ["|abc", "left", "|abc"],
  ["ab|c", "right", "abc|"],
  ["x 漢|字", "left", "x |漢字"],
  ["👩‍👩‍👧|x", "backspace", "|x"],
  ["e\u0301|", "backspace", "|"],
  ["|👍x", "delete", "|x"],
  ["one two|", "word-left", "one |two"],
  ["one | two", "word-left", "|one  two"],
  ["|one two", "word-right", "one| two"],
  ["run --page|", "delete-word-left", "run --|"],
  ["one| two", "delete-word-right", "one|"],
  ["ab|cd", "delete-to-start", "|cd"],
  ["ab|cd", "delete-to-end", "ab|"],
  ["ab|cd", "home", "|abcd"],
  ["ab|cd", "end", "abcd|"],
  ["one\ntw|o", "home", "one\n|two"],
  ["o|ne\ntwo", "end", "one|\ntwo"],
])("%j and %s give %j", (before, key, after) => {
  expect(show(press(at(before), [key]))).toBe(after);
});

test("what was deleted by word comes back with yank", () => {
  expect(show(press(at("one two|"), ["delete-word-left", "home", "yank"]))).toBe("two|one ");
});

test("a paste of several lines keeps them and loses control characters", () => {
  expect(insertText(at("a|"), "1\r\n2\u001B[A\t3").text).toBe("a1\n2[A 3");
});

test("up and down walk the history and come back to what was being typed", () => {
  const history = ["first", "second"];
  let state = press(at("dra|"), ["up"], history);
  expect(show(state)).toBe("second|");
  state = press(state, ["up", "up"], history);
  expect(show(state)).toBe("first|");
  expect(show(press(state, ["down", "down"], history))).toBe("dra|");
});

test("search finds the newest entry, goes further back, and escape gives the line back", () => {
  const history = ["jobs --state failed", "run a", "jobs"];
  const found = press(at("typed|"), ["search", { text: "job" }], history);
  expect(searchMatch(history, found.search!)).toBe("jobs");
  const further = press(found, ["search"], history);
  expect(searchMatch(history, further.search!)).toBe("jobs --state failed");
  expect(show(press(further, ["escape"], history))).toBe("typed|");
  expect(press(further, ["enter"], history)).toMatchObject({ text: "jobs --state failed", search: undefined });
});

test("whatever is pressed, the cursor stays inside the text and between characters", () => {
  const keys = fc.constantFrom<PromptKey>(
    ...(["left", "right", "up", "down", "home", "end", "word-left", "word-right", "backspace", "delete"] as const).map(
      (name) => ({ name }),
    ),
    ...(
      ["delete-word-left", "delete-word-right", "delete-to-start", "delete-to-end", "yank", "search", "escape"] as const
    ).map((name) => ({ name })),
    ...["a", " ", "漢", "👩‍👩‍👧", "e\u0301", "x\ny"].map((text) => ({ name: "text" as const, text })),
  );
  fc.assert(
    fc.property(fc.array(keys, { maxLength: 40 }), fc.integer({ min: 10, max: 40 }), (pressed, width) => {
      const state = pressed.reduce((now, key) => edit(now, key, ["older", "漢字 older"]), EMPTY_EDITOR);
      expect(state.cursor).toBeGreaterThanOrEqual(0);
      expect(state.cursor).toBeLessThanOrEqual(state.text.length);
      expect((state.text.slice(0, state.cursor) + state.text.slice(state.cursor)).isWellFormed()).toBe(true);
      expect(state.text.slice(0, state.cursor).isWellFormed()).toBe(true);
      const shown = editorLines(state, { width, most: 3, mark: " > ", history: [] });
      expect(shown.lines.length).toBeLessThanOrEqual(3);
      for (const line of shown.lines) expect(textWidth(line)).toBeLessThanOrEqual(width);
      expect(shown.x).toBeLessThan(width);
      expect(shown.y).toBeLessThan(shown.lines.length);
    }),
  );
});

test("a long line wraps and keeps the rows around the cursor", () => {
  const state = at(`${"x".repeat(30)}|`);
  const shown = editorLines(state, { width: 13, most: 2, mark: " > ", history: [] });
  expect(shown).toEqual({ lines: ["   xxxxxxxxx", "   xxx"], x: 6, y: 1 });
});
