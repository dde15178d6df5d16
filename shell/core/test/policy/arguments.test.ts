import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { argumentsSchema, compileArguments } from "../../src/programs/policy/argument-patterns.ts";
import { compileRegular } from "../../src/programs/policy/regular.ts";

const matches = (pattern: unknown, args: readonly string[]) => compileArguments(argumentsSchema.parse(pattern))(args);

describe("a pattern of arguments", () => {
  it.each<[unknown, string[], boolean]>([
    [[], [], true],
    [[], ["a"], false],
    [["status"], ["status"], true],
    [["status"], ["status", "-s"], false],
    [["a", "*"], ["a", "b"], true],
    [["a", "*"], ["a"], false],
    [["a", "*"], ["a", "-b"], false],
    [["a", "*"], ["a", "b", "c"], false],
    [["a", "**"], ["a"], true],
    [["a", "**"], ["a", "b", "c"], true],
    [["a", "**"], ["a", "b", "--delete"], false],
    [["a", "**", "z"], ["a", "b", "z", "z"], true],
    [["--", "**"], ["--", "-b"], true],
    [["**", "--", "*"], ["-b", "--", "c"], false],
    [[{ literal: "*" }], ["*"], true],
    [[{ literal: "*" }], ["a"], false],
    [[{ oneOf: ["a", "b"] }], ["b"], true],
    [[{ oneOf: ["a", "b"] }], ["c"], false],
    [[{ repeat: ["-a", { regex: "-[bc]+" }] }, "*"], ["-a", "-bc", "-a", "x"], true],
    [[{ repeat: ["-a", { regex: "-[bc]+" }] }, "*"], ["-a", "-d", "x"], false],
    [[{ any: "one" }], ["--delete"], true],
    [["a", { any: "rest" }], ["a", "-rf", "/"], true],
    [[["a"], ["b", "*"]], ["b", "c"], true],
    [[["a"], ["b", "*"]], ["a", "c"], false],
    [[{ regex: "[a-z]+" }], ["abc\n"], false],
    [[{ regex: "a|b" }], ["ab"], false],
    [[{ regex: "^(docs|src)/[\\w.-]+\\.md$" }], ["docs/a.md"], true],
    [[{ regex: "^(docs|src)/[\\w.-]+\\.md$" }], ["docs/../a.md"], false],
  ])("%j with %j: %s", (pattern, args, expected) => {
    expect(matches(pattern, args)).toBe(expected);
  });

  it("takes time by the length of the arguments, also where others would try for years", () => {
    const evil = "a".repeat(20_000);
    expect(matches([{ regex: "((a+)+)+" }], [`${evil}!`])).toBe(false);
    expect(
      matches(
        ["**", "**", "**", "**", "z"],
        Array.from({ length: 5_000 }, () => "a"),
      ),
    ).toBe(false);
  });

  it("is refused in the config where it says what is not known here", () => {
    for (const regex of ["(?=a)", "(a)\\1", "a**", "(a", "a)", "[b-a]", "a{3,1}", "\\bx", "a{1000}{1000}", "*"])
      expect(argumentsSchema.safeParse([{ regex }]).success, regex).toBe(false);
    expect(argumentsSchema.safeParse([{ oneOf: ["**"] }]).success).toBe(false);
  });

  it("a regular expression says the same as the engine of JavaScript, of the whole text", () => {
    const piece = fc.constantFrom("a", "b", ".", "[ab]", "[^a]", "\\d", "\\.", "(?:ab|b)", "(a|)", "[a-c1-]");
    const count = fc.constantFrom("", "", "*", "+", "?", "{2}", "{0,2}", "{1,}");
    const pattern = fc.array(fc.tuple(piece, count), { maxLength: 5 }).map((parts) => parts.flat().join(""));
    const text = fc.string({ unit: fc.constantFrom("a", "b", "c", "1", ".", "-", "\n"), maxLength: 8 });
    fc.assert(
      fc.property(fc.tuple(pattern, pattern, fc.boolean()), text, ([first, second, both], value) => {
        const whole = both ? `${first}|${second}` : first;
        expect(compileRegular(whole)(value)).toBe(new RegExp(`^(?:${whole})$`).test(value));
      }),
      { numRuns: 1000 },
    );
  });
});
