// The pattern language of a rule's `args`. A pattern matches an argv as a whole or not at all; it never looks at a command line.
import { z } from "zod";
import { compileRegular } from "./regular.ts";
import type { Regular } from "./regular.ts";

const regex = z.strictObject({
  regex: z
    .string()
    .max(500)
    .check((context) => {
      try {
        compileRegular(context.value);
      } catch (error) {
        const why = error instanceof Error ? error.message : String(error);
        context.issues.push({
          code: "custom",
          message: `This regular expression cannot be used: ${why}`,
          input: context.value,
        });
      }
    })
    .describe("The whole argument fits this regular expression (no look-around, no back references)"),
});
const literal = z.strictObject({ literal: z.string().describe("Exactly this argument, also where it is * or **") });
const one = z.union([
  z.string().refine((text) => text !== "**", "Here ** means nothing; it stands for the rest, at the end of a pattern"),
  literal,
  regex,
]);
const ones = z.array(one).min(1).max(200);
const element = z.union([
  z.string().describe("Exactly this argument. * is one argument that is no option, ** any number of them"),
  literal,
  regex,
  z.strictObject({ oneOf: ones.describe("One argument that fits one of these") }),
  z.strictObject({ repeat: ones.describe("Any number of arguments, also none, each of which fits one of these") }),
  z.strictObject({ any: z.enum(["one", "rest"]).describe("One argument, or all that follow, options as well") }),
]);
const pattern = z.array(element).max(200);

/** One pattern, or several of which one has to match. */
export const argumentsSchema = z.union([pattern, z.array(pattern).min(1).max(100)]);

type One = z.output<typeof one>;
export type ArgumentPattern = z.output<typeof pattern>;
export type ArgumentPatterns = z.output<typeof argumentsSchema>;

/** An element, ready to match: what an argument must be, and whether it may be there any number of times. */
interface Place {
  readonly fits: (argument: string) => boolean;
  readonly many: boolean;
}

export type ArgumentMatch = (args: readonly string[]) => boolean;

export function compileArguments(patterns: ArgumentPatterns): ArgumentMatch {
  const several = (patterns.length > 0 && patterns.every(Array.isArray) ? patterns : [patterns]) as ArgumentPattern[];
  const matches = several.map(compileOne);
  return (args) => matches.some((match) => match(args));
}

function compileOne(elements: ArgumentPattern): ArgumentMatch {
  const places = elements.map((each, at) => placeOf(each, elements.slice(0, at).includes("--")));
  // All places that the arguments so far can have led to: time is places × arguments, without trying anything twice.
  return (args) => {
    let current = passing(new Set([0]), places);
    for (const argument of args) {
      const next = new Set<number>();
      for (const at of current) {
        const place = places[at];
        if (place !== undefined && place.fits(argument)) next.add(place.many ? at : at + 1);
      }
      if (next.size === 0) return false;
      current = passing(next, places);
    }
    return current.has(places.length);
  };
}

/** Adds what can be reached without another argument. */
function passing(from: Set<number>, places: readonly Place[]): Set<number> {
  // A set that grows while it is walked gives the new ones as well.
  for (const at of from) if (places[at]?.many === true) from.add(at + 1);
  return from;
}

/** After a literal -- nothing is an option any more. */
function placeOf(each: ArgumentPattern[number], afterDashes: boolean): Place {
  const fitsOne = (what: One) => fitsOf(what, afterDashes);
  if (each === "**") return { fits: fitsOne("*"), many: true };
  if (typeof each === "string" || "literal" in each || "regex" in each) return { fits: fitsOne(each), many: false };
  if ("any" in each) return { fits: () => true, many: each.any === "rest" };
  const many = "repeat" in each;
  const fits = ("repeat" in each ? each.repeat : each.oneOf).map(fitsOne);
  return { fits: (argument) => fits.some((test) => test(argument)), many };
}

function fitsOf(what: One, afterDashes: boolean): Regular {
  if (what === "*") return (argument) => afterDashes || !argument.startsWith("-");
  if (typeof what === "string") return (argument) => argument === what;
  if ("literal" in what) return (argument) => argument === what.literal;
  return compileRegular(what.regex);
}
