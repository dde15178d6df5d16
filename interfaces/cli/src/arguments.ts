// From words on a command line to the input of a tool. The schema says what a word means; whether the value is allowed is the dispatcher's business.
import { z } from "zod";
import { nearest } from "@brains/plugin/nearest";
import { usageError } from "./cli-error.ts";

type Scalar = "string" | "number" | "boolean" | "json";
export interface Field {
  readonly name: string;
  /** The name as a flag: kebab-case. */
  readonly flag: string;
  readonly kind: Scalar | "array" | "object";
  /** Of an array: what its items are. */
  readonly item: Scalar;
  readonly required: boolean;
  readonly description?: string | undefined;
  readonly choices?: readonly string[] | undefined;
  readonly default?: unknown;
}

interface JsonSchema {
  readonly type?: string | readonly string[];
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly items?: JsonSchema;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly anyOf?: readonly JsonSchema[];
  readonly oneOf?: readonly JsonSchema[];
  readonly allOf?: readonly JsonSchema[];
  readonly description?: string;
  readonly default?: unknown;
}

function kebab(name: string): string {
  return name
    .replace(/([a-z0-9])([A-Z])/g, "$1-$2")
    .replaceAll("_", "-")
    .toLowerCase();
}

function scalarOf(schema: JsonSchema): Scalar {
  const types = typeof schema.type === "string" ? [schema.type] : (schema.type ?? []).filter((type) => type !== "null");
  if (types.length === 1) {
    if (types[0] === "integer" || types[0] === "number") return "number";
    if (types[0] === "boolean") return "boolean";
    if (types[0] === "string") return "string";
  }
  const values = schema.enum ?? (schema.const === undefined ? [] : [schema.const]);
  return values.length > 0 && values.every((value) => typeof value === "string") ? "string" : "json";
}

/** Of alternatives the one that is not null, if there is only one. */
function settled(schema: JsonSchema): JsonSchema {
  const options = (schema.anyOf ?? schema.oneOf)?.filter((option) => option.type !== "null");
  return options?.length === 1 ? { ...schema, ...options[0] } : schema;
}

function kindOf(schema: JsonSchema): Field["kind"] {
  if (schema.type === "array") return "array";
  return schema.type === "object" ? "object" : scalarOf(schema);
}

/** The fields of a tool's input, as flags. Empty for an input that is not an object. */
export function fieldsOf(input: z.ZodType): Field[] {
  const schema = z.toJSONSchema(input, { io: "input", unrepresentable: "any", cycles: "ref" }) as JsonSchema;
  const parts = [schema, ...(schema.allOf ?? [])];
  const required = new Set(parts.flatMap((part) => part.required ?? []));
  return parts.flatMap((part) =>
    Object.entries(part.properties ?? {}).map(([name, raw]): Field => {
      const property = settled(raw);
      const values = property.enum ?? property.items?.enum;
      return {
        name,
        flag: kebab(name),
        kind: kindOf(property),
        item: property.items === undefined ? "json" : scalarOf(settled(property.items)),
        required: required.has(name),
        description: raw.description ?? property.description,
        choices: values?.every((value) => typeof value === "string") === true ? values : undefined,
        default: raw.default ?? property.default,
      };
    }),
  );
}

function fromJson(text: string, flag: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw usageError(`--${flag} needs JSON, and this is not: ${text}`);
  }
}

function convert(text: string, kind: Scalar, flag: string): unknown {
  if (kind === "string") return text;
  if (kind === "number") {
    if (text.trim() === "" || !Number.isFinite(Number(text)))
      throw usageError(`--${flag} needs a number, not "${text}".`);
    return Number(text);
  }
  if (kind === "boolean") {
    if (["true", "yes", "1"].includes(text.toLowerCase())) return true;
    if (["false", "no", "0"].includes(text.toLowerCase())) return false;
    throw usageError(`--${flag} needs true or false, not "${text}".`);
  }
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function lookup(name: string, fields: readonly Field[]): { readonly field: Field; readonly negated: boolean } {
  const direct = fields.find((field) => field.flag === name || field.name === name);
  if (direct !== undefined) return { field: direct, negated: false };
  const positive = name.startsWith("no-") ? name.slice(3) : undefined;
  const negated = fields.find((field) => field.kind === "boolean" && field.flag === positive);
  if (negated !== undefined) return { field: negated, negated: true };
  const flags = fields.map((field) => field.flag);
  const near = nearest(name, flags);
  const known =
    flags.length === 0 ? "It takes no fields." : `Its fields: ${flags.map((flag) => `--${flag}`).join(" ")}`;
  throw usageError(`This tool has no field --${name}. ${near === undefined ? known : `Did you mean --${near}?`}`);
}

/** Words such as `--page landing --dry-run --ids a --ids b` as the input of a tool. `base` (from --input) is overridden by flags. */
export function parseFields(words: readonly string[], fields: readonly Field[], base: unknown): unknown {
  if (base !== undefined && (typeof base !== "object" || base === null || Array.isArray(base))) {
    if (words.length > 0) throw usageError("--input that is not an object cannot be combined with fields.");
    return base;
  }
  const input: Record<string, unknown> = { ...base };
  const given = new Set<string>();
  for (let index = 0; index < words.length; index++) {
    const word = words[index]!;
    if (!word.startsWith("--") || word === "--") {
      const example = fields.find((field) => field.required) ?? fields[0];
      const hint =
        example === undefined ? "It takes no fields." : `Give fields by name, e.g. --${example.flag} ${word}`;
      throw usageError(`"${word}" does not belong to a field. ${hint}`);
    }
    const equals = word.indexOf("=");
    const flag = word.slice(2, equals < 0 ? undefined : equals);
    const { field, negated } = lookup(flag, fields);
    let text = equals < 0 ? undefined : word.slice(equals + 1);
    if (field.kind === "boolean") {
      const follower = words[index + 1];
      if (text === undefined && !negated && (follower === "true" || follower === "false")) {
        text = follower;
        index++;
      }
      input[field.name] = text === undefined ? !negated : convert(text, "boolean", flag) !== negated;
      continue;
    }
    if (text === undefined) {
      text = words[++index];
      const negativeNumber = field.kind === "number" && /^-\d/.test(text ?? "");
      if (text === undefined || (text.startsWith("--") && !negativeNumber))
        throw usageError(`--${flag} needs a value.`);
    }
    if (field.kind === "array") {
      const before = given.has(field.name) ? (input[field.name] as unknown[]) : [];
      const parsed = text.startsWith("[") ? fromJson(text, flag) : undefined;
      const items = Array.isArray(parsed) ? parsed : [convert(text, field.item, flag)];
      input[field.name] = [...before, ...items];
      given.add(field.name);
      continue;
    }
    if (given.has(field.name)) throw usageError(`--${flag} is given twice.`);
    given.add(field.name);
    input[field.name] = field.kind === "object" ? fromJson(text, flag) : convert(text, field.kind, flag);
  }
  return input;
}
