import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Redactor } from "../src/index.ts";
import { RedactingStream } from "../src/output/redact-stream.ts";
import { run, start } from "./kit.ts";

const SECRET = 'p"ä/ß +w0rd\\x';
const forms: [string, string][] = [
  ["exact", SECRET],
  ["JSON", JSON.stringify({ a: SECRET })],
  ["JSON with escaped letters", String.raw`p\"\u00e4/\u00df +w0rd\\x`],
  ["URL", encodeURIComponent(SECRET)],
  ["form", new URLSearchParams({ a: SECRET.replace("+", "p") }).toString()],
  ["hex", Buffer.from(SECRET).toString("hex")],
  ["HEX", Buffer.from(SECRET).toString("hex").toUpperCase()],
  ...["", "x", "xy"].flatMap((before): [string, string][] => [
    [`base64 after ${before.length}`, Buffer.from(`${before}${SECRET} and more`).toString("base64")],
    [`base64url after ${before.length}`, Buffer.from(`${before}${SECRET} and more`).toString("base64url")],
  ]),
];

describe("a secret is masked", () => {
  test.each(forms)("as %s", (_name, text) => {
    const redactor = new Redactor({ one: SECRET, two: SECRET.replace("+", "p") });
    const masked = redactor.text(`before ${text} after`);
    expect(masked).toContain("***");
    expect(masked).toMatch(/^before .* after$/);
    expect(masked.length).toBeLessThan(`before ${text} after`.length - SECRET.length + 4);
  });

  test("line by line, and as a whole with other line ends", () => {
    const key = "-----BEGIN KEY-----\nMIIEvQIBADANBg\nkqhkiG9w0BAQEF\n-----END KEY-----";
    const redactor = new Redactor({ key });
    expect(redactor.text(`1: MIIEvQIBADANBg\n2: kqhkiG9w0BAQEF`)).toBe("1: ***\n2: ***");
    expect(redactor.text(key.replaceAll("\n", "\r\n"))).toBe("***");
  });

  test("where two overlap, both are gone", () => {
    const redactor = new Redactor({ a: "abcdefgh", b: "efghijkl" });
    expect(redactor.text("<abcdefghijkl>")).toBe("<***>");
  });
});

test("short values are named instead of masked", () => {
  const redactor = new Redactor({ pin: "1234", token: "long enough" });
  expect(redactor.tooShort).toEqual(["pin"]);
  expect(redactor.text("1234")).toBe("1234");
});

test("however a stream is cut, it shows what the whole text would, and never a secret", () => {
  const secrets = { a: "aababaab", b: "baabaaba", c: "aaaaaa", d: "ab\nabbbab" };
  const redactor = new Redactor(secrets);
  const letters = fc.array(fc.constantFrom("a", "b", "\n", ...Object.values(secrets)), { maxLength: 30 });
  fc.assert(
    fc.property(letters, fc.array(fc.nat(12), { maxLength: 40 }), (parts, cuts) => {
      const text = parts.join("");
      const stream = new RedactingStream(redactor);
      let result = "";
      let from = 0;
      for (const length of [...cuts, text.length]) {
        result += stream.push(Buffer.from(text.slice(from, from + length))).toString();
        from += length;
      }
      result += stream.end().toString();
      expect(result).toBe(redactor.text(text));
      for (const secret of Object.values(secrets)) expect(result).not.toContain(secret);
    }),
    { numRuns: 500 },
  );
});

test("an endless repetition of a secret is one mask and holds no memory", () => {
  const stream = new RedactingStream(new Redactor({ a: "aaaaaa" }));
  let result = "";
  for (let i = 0; i < 50; i++) result += stream.push(Buffer.alloc(64 * 1024, "a")).toString();
  expect(result + stream.end().toString()).toBe("***");
});

test("only what may be a beginning is held back, so a prompt is seen", async () => {
  const program = await start("printf 'Password: '; read x; printf 'hunter'; read x; printf '2 is it'", {
    input: "open",
    secrets: { password: "hunter2" },
  });
  await expect.poll(() => program.text()).toBe("Password: ");
  await program.write("\n");
  await program.write("\n");
  await program.ended;
  expect(program.text()).toBe("Password: *** is it");
});

test("notes are redacted too, and errors are another stream", async () => {
  const canary = "canary-0123456789";
  const program = await start(`echo "$C"; echo "$C" >&2; printf '%s' "$C" | base64`, {
    env: { PATH: "/usr/bin:/bin", C: canary },
    secrets: { canary },
  });
  program.note(`the secret is ${canary}`);
  await program.ended;
  expect(program.text()).not.toContain(canary);
  expect(program.text("note")).toBe("the secret is ***");
  expect(program.text("stderr")).toBe("***\n");
  expect((await run("echo none")).text).toBe("none\n");
});
