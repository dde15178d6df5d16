import { expect, test } from "vitest";
import { z } from "zod";
import { fieldsOf, parseFields } from "../src/arguments.ts";

const schema = z.object({
  page: z.string().describe("Route of the page"),
  dryRun: z.boolean().default(false),
  count: z.number().int().optional(),
  ids: z.array(z.string()).optional(),
  sizes: z.array(z.number()).optional(),
  mode: z.enum(["fast", "full"]).default("fast"),
  options: z.object({ deep: z.boolean() }).optional(),
  note: z.string().nullable().optional(),
  anything: z.unknown().optional(),
});
const parse = (...words: string[]) => parseFields(words, fieldsOf(schema), undefined);

test.each<[string, string[], unknown]>([
  ["a string stays a string, even when it looks like a number", ["--page", "12"], { page: "12" }],
  ["an equals sign joins name and value", ["--page=a=b"], { page: "a=b" }],
  ["names may be written in kebab-case", ["--dry-run"], { dryRun: true }],
  ["names may be written as in the schema", ["--dryRun"], { dryRun: true }],
  ["no- switches off", ["--no-dry-run"], { dryRun: false }],
  ["a boolean may be said", ["--dry-run", "false", "--page", "x"], { dryRun: false, page: "x" }],
  ["a number is a number", ["--count", "-3"], { count: -3 }],
  ["a repeated list collects", ["--ids", "a", "--ids", "b"], { ids: ["a", "b"] }],
  ["a list may be JSON", ["--sizes", "[1, 2]", "--sizes", "3"], { sizes: [1, 2, 3] }],
  ["a nested field is JSON", ["--options", '{"deep":true}'], { options: { deep: true } }],
  ["a nullable string is a string", ["--note", "null"], { note: "null" }],
  ["an open field takes JSON or text", ["--anything", "[1]"], { anything: [1] }],
  ["a value may begin with one dash", ["--page", "-x"], { page: "-x" }],
])("%s", (_, words, input) => {
  expect(parse(...words)).toEqual(input);
});

test("fields override the input given as JSON", () => {
  expect(parseFields(["--page", "b"], fieldsOf(schema), { page: "a", count: 1 })).toEqual({ page: "b", count: 1 });
});

test("a list given by fields replaces the one of the JSON", () => {
  expect(parseFields(["--ids", "b"], fieldsOf(schema), { ids: ["a"] })).toEqual({ ids: ["b"] });
});

test.each<[string, string[], RegExp]>([
  ["a misspelt field names the nearest", ["--pgae", "x"], /no field --pgae\. Did you mean --page\?/],
  ["a field from nowhere lists the fields", ["--xyzzy", "x"], /Its fields: --page --dry-run/],
  ["a word without a field says how to give it", ["landing"], /--page landing/],
  ["a number must be one", ["--count", "many"], /--count needs a number, not "many"/],
  ["a value must follow", ["--page"], /--page needs a value/],
  ["a flag is not a value", ["--page", "--count"], /--page needs a value/],
  ["a single value cannot be given twice", ["--page", "a", "--page", "b"], /given twice/],
  ["nested fields must be JSON", ["--options", "{deep"], /needs JSON/],
])("%s", (_, words, message) => {
  expect(() => parse(...words)).toThrow(message);
  expect(() => parse(...words)).toThrow(expect.objectContaining({ code: "USAGE" }) as Error);
});

test("fields know what help has to say about them", () => {
  const fields = fieldsOf(schema);
  expect(fields.find((field) => field.name === "page")).toMatchObject({
    required: true,
    description: "Route of the page",
  });
  expect(fields.find((field) => field.name === "mode")).toMatchObject({
    choices: ["fast", "full"],
    default: "fast",
    required: false,
  });
});

test("a schema with transforms and refinements still has its fields", () => {
  const odd = z.object({ when: z.string().transform((text) => new Date(text)), n: z.coerce.number().optional() });
  expect(fieldsOf(odd).map((field) => field.flag)).toEqual(["when", "n"]);
});
