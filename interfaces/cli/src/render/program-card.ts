// What a person sees of a program before deciding about it: exactly what would run, and everything that speaks for or against it.
import type { ProgramCard, ShownText } from "@brains/shell";
import { exactLines, quoted } from "../text/printable.ts";
import { wrap } from "../text/width.ts";

/** Not the shell's own function: that would load all of the shell for a list of requests. */
export function isProgramCard(details: unknown): details is ProgramCard {
  return typeof details === "object" && details !== null && "card" in details && details.card === "program";
}

/** The command first: where only some lines fit, it is the last to go. */
export function programCardLines(card: ProgramCard, width: number): string[] {
  const { argv, executable, cwd, env, files, askedBy, changed, sandbox, risk, reasons, rule } = card;
  const kind = card.kind === "code" && sandbox === undefined ? "; trusted code only" : "";
  const lines = [
    ...(changed ?? []).map((change) => `CHANGED since it was last asked: ${change}`),
    `$ ${argv.map(quoted).join(" ")}`,
    `in ${quoted(cwd)}   runs ${quoted(executable.realPath)}`,
    `risk ${risk}/100${reasons.length === 0 ? "" : `: ${reasons.join("; ")}`}`,
    `rule ${rule}${kind}`,
    sandbox === undefined ? "" : `sandbox ${sandboxText(sandbox)}`,
    card.description === undefined ? "" : `${askedBy.principal} says: ${card.description}`,
    env.length === 0 ? "" : `gets the variables ${env.join(", ")}`,
    ...files.map((file) => `reads ${quoted(file.path)} ${file.sha256?.slice(0, 12) ?? file.stat ?? ""}`),
    card.requesterMaySendInput ? `${askedBy.principal} may send it input without asking again` : "",
    ...block("standard input", card.stdin),
    ...block(`input sent before by ${card.earlyInput?.from.join(", ") ?? ""}`, card.earlyInput),
    ...block("code", card.source),
    `asked by ${askedBy.principal}${askedBy.interface === undefined ? "" : ` over ${askedBy.interface}`}, ${askedBy.plugin}`,
  ];
  return lines
    .filter((line) => line !== "")
    .flatMap((line) => exactLines(line).flatMap((part) => wrapped(part, width)));
}

/** Keeps how far a line of code is indented. */
function wrapped(line: string, width: number): string[] {
  const indent = /^ */.exec(line)![0].slice(0, width / 2);
  return wrap(line.slice(indent.length), width - indent.length).map((part) => indent + part);
}

function sandboxText(sandbox: NonNullable<ProgramCard["sandbox"]>): string {
  if (sandbox.kind === "quickjs") return "quickjs: computes, and reaches nothing";
  const writable = sandbox.write ?? [];
  const write = writable.length === 0 ? "nothing writable" : `writable: ${writable.map(quoted).join(", ")}`;
  return `bwrap: ${write}, ${sandbox.network === true ? "network" : "no network"}`;
}

function block(title: string, shown: ShownText | undefined): string[] {
  if (shown === undefined) return [];
  const cut = shown.cut ? `, of ${shown.characters} characters the first ${shown.text.length}` : "";
  return [`${title}${cut}:`, ...shown.text.split("\n").map((line) => `  ${line}`)];
}
