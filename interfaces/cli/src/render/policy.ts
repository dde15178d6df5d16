import type { PolicyReply } from "@brains/shell";
import { printable } from "../text/printable.ts";
import type { Tone } from "../text/style.ts";
import type { Layout } from "./layout.ts";
import { pairs, table } from "./table.ts";

type Judgement = Extract<PolicyReply, { kind: "judgement" }>;
type Policy = Extract<PolicyReply, { kind: "policy" }>;

const TONES: Readonly<Record<Judgement["outcome"], Tone>> = { allow: "green", approve: "yellow", deny: "red" };

const SAID: Readonly<Record<Judgement["outcome"], string>> = {
  allow: "It would run at once.",
  approve: "It would wait for a person.",
  deny: "It would be refused.",
};

export function judgementLines(judgement: Judgement, layout: Layout): string[] {
  const { outcome, rule, risk, reasons, executable, cwd } = judgement;
  const { style } = layout;
  const facts: [string, string][] = [
    ["rule", rule],
    ["risk", `${risk} of 100`],
    ["program", executable],
    ["folder", cwd],
    ...reasons.map((reason, at): [string, string] => [at === 0 ? "because" : "", reason]),
  ];
  return [
    ` ${style[TONES[outcome]](outcome)}  ${SAID[outcome]}`,
    ...pairs(
      facts.map(([name, value]) => [name, printable(value)] as const),
      layout,
    ),
  ];
}

export function policyLines({ rules, thresholds, folders, env }: Policy, layout: Layout): string[] {
  const listed = table(
    rules,
    [
      { title: "OUTCOME", cell: ({ outcome }) => ({ text: outcome, tone: TONES[outcome] }) },
      { title: "RULE", cell: ({ name }) => name },
      { title: "PROGRAM", cell: programsOf, min: 12 },
      {
        title: "ARGUMENTS",
        cell: (rule) => rule.arguments?.map((each) => each || "none").join(" or ") ?? "any",
        min: 12,
      },
    ],
    layout,
  );
  const from = (risk: number) => (risk > 100 ? "never" : `from ${risk}`);
  const facts = [
    ["asked by risk", from(thresholds.approve)],
    ["denied by risk", from(thresholds.deny)],
    ["folders", folders.map(printable).join(", ")],
    ["variables", env.length === 0 ? "none" : env.map(printable).join(", ")],
  ] as const;
  return [...listed, "", ...pairs(facts, layout)];
}

function programsOf({ executables, missing, kind, sandbox }: Policy["rules"][number]): string {
  if (missing) return "not here";
  const what = executables?.join(", ") ?? (kind === "code" ? "code" : "any");
  return sandbox === undefined ? what : `${what} (${sandbox})`;
}
