import { printable, printableLines } from "../text/printable.ts";
import { wrap } from "../text/width.ts";
import type { Layout } from "./layout.ts";

export interface ErrorView {
  readonly code?: string | undefined;
  readonly message: string;
  readonly data?: unknown;
}

/** Any thrown value as something that can be shown. Only coded errors are shown by their message alone; others are faults of ours. */
export function errorView(error: unknown): ErrorView {
  if (error instanceof Error) {
    const code = (error as { code?: unknown }).code;
    const data = (error as { data?: unknown }).data;
    return {
      code: typeof code === "string" ? code : undefined,
      message: error.message,
      ...(data === undefined ? {} : { data }),
    };
  }
  return { message: String(error) };
}

/** `error: what happened, and what to do next (CODE)` */
export function errorLines(error: unknown, layout: Layout): string[] {
  const view = errorView(error);
  const lines = printableLines(view.message);
  const code = view.code === undefined ? "" : ` (${printable(view.code)})`;
  const text = [...lines.slice(0, -1), `${lines.at(-1) ?? ""}${code}`];
  const width = Math.min(layout.width, 160) - 7;
  return text
    .flatMap((line) => wrap(line, width))
    .map((line, index) => (index === 0 ? `${layout.style.red("error:")} ${line}` : `       ${line}`));
}
