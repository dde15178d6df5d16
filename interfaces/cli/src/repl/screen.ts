import { Box, Static, Text, useApp, useCursor, useInput, usePaste, useWindowSize, type SuspendTerminal } from "ink";
import { createElement, useEffect, useSyncExternalStore, type ReactNode } from "react";
import type { Layout } from "../render/layout.ts";
import { toKeys } from "./keys.ts";
import { liveRegion } from "./live-region.ts";
import type { Prompt } from "./prompt.ts";

/** Filled in once the screen is there. */
export interface TerminalControl {
  suspend?: SuspendTerminal;
}

export interface ScreenProps {
  readonly prompt: Prompt;
  readonly layout: () => Layout;
  readonly terminal: TerminalControl;
}

/** The prompt on a terminal: what was said goes to the terminal's own scrollback, the rest is a few rows below it. */
export function Screen({ prompt, layout, terminal }: ScreenProps): ReactNode {
  const state = useSyncExternalStore(prompt.subscribe, prompt.snapshot);
  const { columns, rows } = useWindowSize();
  const { setCursorPosition } = useCursor();
  const { suspendTerminal } = useApp();
  useEffect(() => {
    terminal.suspend = suspendTerminal;
  }, [terminal, suspendTerminal]);
  useInput((input, key) => {
    for (const pressed of toKeys(input, key)) prompt.key(pressed);
  });
  usePaste((text) => prompt.paste(text));
  const region = liveRegion(
    { ...state, history: prompt.history, rows },
    { ...layout(), width: columns, now: state.now },
  );
  setCursorPosition(state.closed ? undefined : region.cursor);
  return createElement(
    Box,
    { flexDirection: "column" },
    createElement(Static<string>, {
      items: state.said as string[],
      children: (line: string, index: number) => createElement(Text, { key: index }, line === "" ? " " : line),
    }),
    (state.closed ? [] : region.lines).map((line, index) =>
      createElement(Text, { key: index, wrap: "truncate" }, line === "" ? " " : line),
    ),
  );
}
