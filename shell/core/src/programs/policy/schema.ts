// The part of brains.yaml that says which programs may run: `programs.policy` and `programs.thresholds`.
import { z } from "zod";
import { argumentsSchema } from "./argument-patterns.ts";

const executable = z
  .string()
  .min(1)
  .refine(
    (name) => !name.includes("/") || name.startsWith("/") || name.startsWith("./"),
    "Write an absolute path, a path from the brain's folder that begins with ./, or a bare name",
  );

const folder = z
  .string()
  .min(1)
  .refine(
    (path) => !path.startsWith("~"),
    "Write the folder without ~: an absolute path, or one from the brain's folder",
  );

const ruleSchema = z
  .strictObject({
    name: z
      .string()
      .trim()
      .min(1)
      .max(100)
      .optional()
      .describe("What answers and cards call the rule. Default: its place"),
    executable: z
      .union([executable, z.array(executable).min(1)])
      .optional()
      .describe(
        "The program: a path, or a name that is looked up once on the brain's PATH. Its real path is what counts",
      ),
    args: argumentsSchema.optional().describe("Patterns that the whole argv has to match. Absent: any arguments"),
    folders: z
      .array(folder)
      .min(1)
      .optional()
      .describe("The working folder and every argument that may be a path; $folders are those of `programs.folders`"),
    env: z
      .array(
        z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*\*?$/, "Write the name of a variable, or the beginning of one and *"),
      )
      .optional()
      .describe("Names that the program may ask for. An allow rule without them allows none"),
    kind: z.enum(["command", "code"]).optional().describe("Absent: in an allow rule commands, else both"),
    sandbox: z
      .enum(["none", "quickjs", "bwrap"])
      .optional()
      .describe("What holds the program. Absent: whatever does or does not"),
    network: z
      .boolean()
      .default(false)
      .describe("Allows also a program in bwrap that asks for the network. Without a sandbox every program has it"),
    inline: z.boolean().default(false).describe("Allows also a shell, or an interpreter that gets its code as text"),
    outcome: z.enum(["allow", "approve", "deny"]).describe("Run it, ask a person, or refuse it"),
  })
  .check((context) => {
    const { outcome, kind, executable: program, args } = context.value;
    if (outcome !== "allow" || kind === "code" || (program !== undefined && args !== undefined)) return;
    context.issues.push({
      code: "custom",
      message: "An allow rule names its executable and its args (any arguments at all: [{ any: rest }])",
      input: context.value,
    });
  });

export type PolicyRule = z.output<typeof ruleSchema>;

export const policySchema = z
  .array(ruleSchema)
  .default([])
  .describe("Which programs may run. The first rule that matches decides; after them come the built-in ones");

const threshold = z.int().min(1).max(101);

export const thresholdsSchema = z
  .strictObject({
    approve: threshold.default(70).describe("Risk from which a person is asked, whatever rule allowed it. 101: never"),
    deny: threshold.default(101).describe("Risk from which it is refused, whatever a rule says. 101: never"),
  })
  .prefault({})
  .describe("What the risk of a program, from 0 to 100, leads to after the rules");

export type Thresholds = z.output<typeof thresholdsSchema>;
