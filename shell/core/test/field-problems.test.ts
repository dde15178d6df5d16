import { expect, test } from "vitest";
import { z, type ZodType } from "zod";
import { fieldProblems } from "../src/field-problems.ts";

const problems = (schema: ZodType, input: unknown): string[] =>
  fieldProblems(schema.safeParse(input).error?.issues ?? []);
const state = z.enum(["pending", "completed"]);

test.each<[string, ZodType, unknown, string]>([
  ["a missing field", z.object({ name: z.string() }), {}, "name: is missing (string)"],
  ["a missing field of several types", z.object({ id: z.union([z.string(), z.number()]) }), {}, "id: is missing"],
  ["another type", z.object({ urls: z.array(z.string()) }), { urls: "a" }, "urls: must be an array, not a string"],
  ["no object at all", z.object({}), [], "input: must be an object, not an array"],
  ["a fraction", z.object({ steps: z.int() }), { steps: 1.5 }, "steps: must be a whole number"],
  ["an empty text", z.object({ name: z.string().min(1) }), { name: "" }, "name: must not be empty"],
  ["a text too short", z.object({ name: z.string().min(3) }), { name: "a" }, "name: needs at least 3 characters"],
  ["a text too long", z.object({ name: z.string().max(3) }), { name: "abcd" }, "name: has more than 3 characters"],
  ["a number too small", z.object({ n: z.number().min(1) }), { n: 0 }, "n: must be at least 1"],
  ["a number not above", z.object({ n: z.number().positive() }), { n: 0 }, "n: must be more than 0"],
  ["a number too big", z.object({ n: z.number().max(9) }), { n: 10 }, "n: must be at most 9"],
  ["a number not below", z.object({ n: z.number().lt(9) }), { n: 9 }, "n: must be less than 9"],
  ["an empty list", z.object({ ids: z.array(z.int()).min(1) }), { ids: [] }, "ids: must not be empty"],
  ["too many items", z.object({ ids: z.array(z.int()).max(1) }), { ids: [1, 2] }, "ids: has more than 1 item"],
  ["none of the choices", z.object({ state }), { state: "done" }, "state: must be one of pending, completed"],
  [
    "none of several shapes",
    z.object({ id: z.union([z.string(), z.int()]) }),
    { id: true },
    "id: must be a string or a number, not a boolean",
  ],
  [
    "a choice, or a list of choices",
    z.object({ state: z.union([state, z.array(state)]) }),
    { state: "done" },
    "state: must be one of pending, completed",
  ],
  ["what the author says", z.object({ name: z.string().min(1, "Give a name") }), { name: "" }, "name: give a name"],
  [
    "something deep",
    z.object({ a: z.array(z.object({ b: z.string() })) }),
    { a: [{ b: 1 }] },
    "a[0].b: must be a string, not a number",
  ],
])("%s is said in plain words", (_what, schema, input, line) => {
  expect(problems(schema, input)).toEqual([line]);
});
