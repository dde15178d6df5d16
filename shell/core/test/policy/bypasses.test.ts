// The known ways round lists of forbidden commands. Here nothing is forbidden by its look: what no rule names exactly is not allowed.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { judgeCommand } from "../../src/programs/policy/judge.ts";
import { commandOf, FILES, judge, policyOf } from "./rig.ts";

/** What a cautious person might allow. */
const RULES = [
  { name: "status", executable: "git", args: ["status", { repeat: ["-s", "--short"] }], outcome: "allow" },
  { name: "test", executable: "npm", args: ["test"], outcome: "allow" },
  { name: "find by name", executable: "find", args: ["*", "-name", "*"], folders: ["$folders"], outcome: "allow" },
  { name: "script", executable: "node", args: ["scripts/build.js", "**"], outcome: "allow" },
];
const ALLOWED = ["ls", "cat", "echo", "head", "wc", "grep", "git", "npm", "find", "node"];

describe("ways round a rule", () => {
  it.each<[string, string, string[], object?]>([
    ["another file of the same name", "/tmp/git", ["status"]],
    ["an absolute path in the place of a name", "/bin/git", ["status"]],
    ["a link of an allowed name to a shell", "/brain/harmless", ["status"]],
    ["a substitution in an argument", "git", ["status", "$(id)"]],
    ["backticks in an argument", "git", ["status", "`id`"]],
    ["quotes inside the name", "g'i't", ["status"]],
    ["a glob in the name", "/usr/bin/g?t", ["status"]],
    ["a whole command line as the name", "git status", []],
    ["another command after a semicolon", "git", ["status", ";", "id"]],
    ["another command after a semicolon in one argument", "git", ["status; id"]],
    ["another command after a newline", "git", ["status\nid"]],
    ["another command after a newline behind an allowed option", "git", ["status", "-s\nid"]],
    ["another command after an operator", "git", ["status", "&&", "id"]],
    ["a pipe", "git", ["status", "|", "sh"]],
    ["a process substitution", "cat", ["<(id)", "/etc/shadow"]],
    ["a redirection into a file", "npm", ["test", ">", "/etc/passwd"]],
    ["a shell with the allowed command in it", "bash", ["-c", "git status; id"]],
    ["a shell around it", "sh", ["-c", "git status"]],
    ["a wrapper around it", "env", ["git", "status"]],
    ["a variable in front of it", "env", ["GIT_PAGER=sh", "git", "status"]],
    ["the input of an interpreter", "node", []],
    ["the input of an interpreter by another name", "node", ["/dev/stdin"]],
    ["the script's name with code before it", "node", ["-e", "1", "scripts/build.js"]],
    ["an option before the subcommand", "git", ["-c", "core.fsmonitor=id", "status"]],
    ["another option of the subcommand", "git", ["status", "--output=x"]],
    ["an option that runs what is found", "find", [".", "-name", "x", "-exec", "id", ";"]],
    ["an option in the place of a folder", "find", ["-delete", "-name", "x"]],
    ["a folder outside", "find", ["/", "-name", "x"]],
    ["a way back in the middle of a path", "cat", ["docs/../../etc/passwd"]],
    ["a link that leads out", "cat", ["out/passwd"]],
    ["a folder with the same beginning", "cat", ["/brain2/x"]],
    ["a home folder", "cat", ["~/.ssh/id_rsa"]],
    ["an empty argument more", "npm", ["test", ""]],
    ["a NUL in an argument", "npm", ["test\u0000x"]],
    ["letters that look the same", "npm", ["tеst"]],
    ["capitals", "npm", ["TEST"]],
    ["a space at the end", "npm", ["test "]],
    ["a variable that loads code", "npm", ["test"], { env: ["NODE_OPTIONS"] }],
    ["a variable that no rule names", "npm", ["test"], { env: ["TOKEN"] }],
    ["code under the name of a command", "npm", ["test"], { kind: "code" }],
  ])("%s is not allowed", (_name, asked, args, more = {}) => {
    expect(judge(RULES, asked, args, more).outcome).not.toBe("allow");
  });

  it("what the rules mean is allowed", () => {
    for (const [asked, args] of [
      ["git", ["status", "-s"]],
      ["npm", ["test"]],
      ["find", ["docs", "-name", "x"]],
      ["node", ["scripts/build.js", "now"]],
      ["cat", ["docs/a.md"]],
    ] as const)
      expect(judge(RULES, asked, args), `${asked} ${args.join(" ")}`).toMatchObject({ outcome: "allow" });
  });

  it("no command is allowed by a rule whose program is another or whose pattern does not match it", () => {
    const policy = policyOf(RULES);
    const word = fc.oneof(
      fc.constantFrom(
        ..."status test -s --short -name -exec -c -e -- * ** scripts/build.js . sh git /etc/passwd ../x".split(" "),
        ..."$(id) a;id -la -n5 docs/a.md out/x - id".split(" "),
        "a\nb",
        "",
      ),
      fc.string({ maxLength: 6 }),
    );
    const args = fc.array(word, { maxLength: 5 });
    const asked = fc.oneof(
      fc.constantFrom(...FILES, ...ALLOWED, "/brain/git", "/tmp/ls"),
      fc.string({ minLength: 1, maxLength: 4 }),
    );
    let allowed = 0;
    fc.assert(
      fc.property(asked, args, (name, given) => {
        const command = commandOf(name, given);
        const { outcome, rule } = judgeCommand(policy, command);
        if (outcome !== "allow") return;
        allowed++;
        const { executable, args: pattern } = policy.rules.find((each) => each.name === rule)!.source;
        const names = [executable ?? []].flat();
        expect(names.map((each) => `/usr/bin/${each}`)).toContain(command.executable);
        expect(plainly(pattern as Element[], given), `${rule}: ${JSON.stringify(given)}`).toBe(true);
      }),
      { numRuns: 3000 },
    );
    expect(allowed).toBeGreaterThan(20);
  });
});

type One = string | { readonly literal: string } | { readonly regex: string };
type Element = One | { readonly repeat: One[] } | { readonly any: string };

/** The pattern language once more, by trying everything: slow, and too simple to be wrong in the same way. */
function plainly(pattern: readonly Element[] | readonly Element[][], args: readonly string[]): boolean {
  if (pattern.length > 0 && pattern.every(Array.isArray))
    return (pattern as Element[][]).some((one) => plainly(one, args));
  const [first, ...rest] = pattern as Element[];
  if (first === undefined) return args.length === 0;
  const [argument, ...others] = args;
  const many =
    first === "**" || (typeof first === "object" && ("repeat" in first || ("any" in first && first.any === "rest")));
  const taken = argument !== undefined && fits(first, argument);
  if (!many) return taken && plainly(rest, others);
  return plainly(rest, args) || (taken && plainly(pattern, others));
}

function fits(element: Element, argument: string): boolean {
  if (element === "*" || element === "**") return !argument.startsWith("-");
  if (typeof element === "string") return element === argument;
  if ("any" in element) return true;
  if ("repeat" in element) return element.repeat.some((one) => fits(one, argument));
  if ("literal" in element) return element.literal === argument;
  return new RegExp(`^(?:${element.regex})$`).test(argument);
}
