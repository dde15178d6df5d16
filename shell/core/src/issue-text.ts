// What zod found wrong with one value, in plain words. What the author of a schema wrote himself is kept.
import type { core } from "zod";

type Issue = core.$ZodIssue;

/** `must be a number, not a string`; the name of the field stands before it. */
export function issueText(issue: Issue): string {
  return plainText(issue) ?? lowerFirst(issue.message);
}

/** Undefined for what has no words of ours: the message says it. */
function plainText(issue: Issue): string | undefined {
  if (issue.code === "invalid_union") return unionText(issue);
  if (!/^(Invalid (input|option)|Too (small|big)):/.test(issue.message)) return undefined;
  switch (issue.code) {
    case "invalid_type":
      return isMissing(issue) ? `is missing (${issue.expected})` : typeText([issue]);
    case "invalid_value":
      return `must be ${issue.values.length === 1 ? "" : "one of "}${issue.values.join(", ")}`;
    case "too_small":
      return smallText(issue);
    case "too_big":
      return bigText(issue);
    default:
      return undefined;
  }
}

/** The complaints of the alternative that fits best: one where the type is right. If none is, which types there are. */
function unionText(issue: core.$ZodIssueInvalidUnion): string | undefined {
  const first = issue.errors.map((issues) => issues[0]).filter((one) => one !== undefined);
  if (first.length === 0) return undefined;
  const types = first.filter(isType);
  const near = first.find((one) => !isType(one));
  if (near !== undefined) return issueText(near);
  return types.every(isMissing) ? "is missing" : typeText(types);
}

function isType(issue: Issue): issue is core.$ZodIssueInvalidType {
  return issue.code === "invalid_type" && issue.path.length === 0;
}

function isMissing(issue: Issue): boolean {
  return issue.code === "invalid_type" && issue.message.endsWith("received undefined");
}

function typeText(issues: readonly core.$ZodIssueInvalidType[]): string {
  const wanted = [...new Set(issues.map((issue) => article(issue.expected)))].join(" or ");
  const given = /received (\w+)$/.exec(issues[0]?.message ?? "")?.[1];
  const sameKind = given === undefined || (given === "number" && wanted === "a whole number");
  return sameKind ? `must be ${wanted}` : `must be ${wanted}, not ${article(given)}`;
}

function smallText({ origin, minimum, inclusive }: core.$ZodIssueTooSmall): string {
  if (origin === "string" || isList(origin)) {
    return minimum === 1 ? "must not be empty" : `needs at least ${sized(minimum, origin)}`;
  }
  return `must be ${inclusive === false ? "more than" : "at least"} ${minimum}`;
}

function bigText({ origin, maximum, inclusive }: core.$ZodIssueTooBig): string {
  if (origin === "string" || isList(origin)) return `has more than ${sized(maximum, origin)}`;
  return `must be ${inclusive === false ? "less than" : "at most"} ${maximum}`;
}

function isList(origin: string): boolean {
  return origin === "array" || origin === "set" || origin === "map";
}

function sized(n: number | bigint, origin: string): string {
  const noun = origin === "string" ? "character" : "item";
  return `${n} ${noun}${Number(n) === 1 ? "" : "s"}`;
}

function article(type: string): string {
  if (type === "int") return "a whole number";
  if (type === "null" || type === "undefined") return type;
  return `${/^[aeiou]/.test(type) ? "an" : "a"} ${type}`;
}

function lowerFirst(text: string): string {
  return /^[A-Z][a-z]/.test(text) ? text[0]?.toLowerCase() + text.slice(1) : text;
}
