import type { RequestView } from "@brains/shell";
import { exactLines, printable } from "../text/printable.ts";
import { duration } from "../text/time.ts";
import { textWidth, truncate, wrap } from "../text/width.ts";
import type { Layout } from "./layout.ts";
import { isProgramCard, programCardLines } from "./program-card.ts";
import { pairs } from "./table.ts";

/** How long the request stays open, or "". */
export function expiry(request: RequestView, now: number): string {
  if (request.expiresAt === undefined) return "";
  const left = Date.parse(request.expiresAt) - now;
  return left <= 0 ? "expired" : `expires in ${duration(left)}`;
}

/** Who asked, for what. */
export function asker(request: RequestView): string {
  const job = `#${request.jobNumber} ${printable(request.jobLabel ?? request.jobType)}`;
  const principal = request.origin?.principal;
  return principal === undefined ? `by ${job}` : `by ${job} (started by ${printable(principal)})`;
}

/** The commands that answer it: not every question is one of yes or no. */
export function answerCommands({ number, choices }: RequestView, prefix: string): string[] {
  const verbs = ["approve", "reject"].filter((verb) => choices.includes(verb));
  const others = choices.filter((choice) => !verbs.includes(choice)).map(printable);
  const words = others.map((choice) => (/^[\w.-]+$/.test(choice) ? choice : JSON.stringify(choice)));
  const choose = words.length === 0 ? [] : [`${prefix}approve ${number} --choice ${words.join("|")}`];
  return [...verbs.map((verb) => `${prefix}${verb} ${number}`), ...choose];
}

/** A request in one line, with how to answer it. */
export function requestLine(request: RequestView, layout: Layout): string {
  const [answer = ""] = answerCommands(request, layout.prefix);
  const head = ` #${request.number} ${printable(request.question)}`;
  const tail = [request.asked === "" ? "" : `asked ${printable(request.asked)}`, expiry(request, layout.now)]
    .filter((part) => part !== "")
    .join(", ");
  const room = layout.width - textWidth(answer) - textWidth(tail) - 6;
  return `${truncate(head, Math.max(20, room))}  ${layout.style.dim(tail)}  ${layout.style.cyan(answer)}`;
}

/** Details of a request as lines, every character visible: nothing is cut out of what a person agrees to. */
export function detailLines(details: unknown, width: number): string[] {
  if (details === undefined || details === null) return [];
  const limit = Math.min(width, 120);
  if (isProgramCard(details)) return programCardLines(details, limit);
  if (typeof details === "string") return exactLines(details).flatMap((line) => wrap(line, limit));
  if (typeof details === "object" && !Array.isArray(details)) {
    return Object.entries(details).flatMap(([name, value]) => {
      const text = typeof value === "string" ? value : JSON.stringify(value);
      const lines = exactLines(text ?? "").flatMap((line) => wrap(line, limit - 4));
      return lines.length <= 1
        ? wrap(`${printable(name)}: ${lines[0] ?? ""}`, limit)
        : [`${printable(name)}:`, ...lines.map((line) => `  ${line}`)];
    });
  }
  return wrap(printable(JSON.stringify(details) ?? ""), limit);
}

/** A request in full. */
export function requestLines(
  request: RequestView,
  layout: Layout,
  options: { readonly next: boolean } = { next: true },
): string[] {
  const { style } = layout;
  const open = request.state === "open";
  const standing = open
    ? style.yellow("OPEN")
    : style.dim(request.state === "void" ? "NO LONGER ASKED" : request.state.toUpperCase());
  const lines = [` ${style.bold(`#${request.number}`)} ${printable(request.question)}   ${standing}`];
  for (const line of detailLines(request.details, layout.width - 5)) lines.push(`     ${line}`);
  const decision = request.decision;
  lines.push(
    ...pairs(
      [
        ["asked", `${request.asked} ${asker(request)}`.trim()],
        ["expires", open ? expiry(request, layout.now).replace("expires ", "") : undefined],
        ["choices", open ? request.choices.join(", ") : undefined],
        ["digest", request.digest],
        [
          "decision",
          decision === undefined
            ? undefined
            : [
                decision.choice,
                decision.principal === undefined ? "" : `by ${decision.principal}`,
                decision.comment ?? "",
              ]
                .filter((part) => part !== "")
                .join(", "),
        ],
      ],
      layout,
    ),
  );
  if (open && options.next) lines.push(` ${style.dim("next")}  ${answerCommands(request, layout.prefix).join(" | ")}`);
  return lines;
}
