import { McpError } from "../errors.ts";

type Json = Record<string, unknown>;

/** Numbers that JavaScript cannot hold are kept as they are written. Node has this; the types of the language do not yet. */
const { rawJSON } = JSON as unknown as { rawJSON: (text: string) => unknown };

/** The file's text with the entry in it, everything else as it was and in its order. */
export function withJsonEntry(text: string, file: string, [key, name, entry]: [string, string, Json]): string {
  const config = text.trim() === "" ? {} : parse(text, file);
  if (!isObject(config)) throw unusable(file, "it holds no object");
  const servers = Object.hasOwn(config, key) ? config[key] : {};
  if (!isObject(servers)) throw unusable(file, `its "${key}" is no object`);
  define(servers, name, entry);
  define(config, key, servers);
  const indent = /^[\t ]+(?=")/m.exec(text)?.[0] ?? "  ";
  return `${JSON.stringify(config, undefined, indent)}\n`;
}

function parse(text: string, file: string): unknown {
  // What some editors put in front of a file.
  const plain = text.replace(/^\uFEFF/, "");
  try {
    const keep = (_: string, value: unknown, context?: { source?: string }) =>
      typeof value === "number" && String(value) !== context?.source
        ? rawJSON(context?.source ?? String(value))
        : value;
    return JSON.parse(plain, keep) as unknown;
  } catch (error) {
    throw unusable(
      file,
      `it is not valid JSON (${(error as Error).message}); comments would be lost, so they count as such`,
    );
  }
}

/** A name like __proto__ is a name like any other in a file. */
function define(object: Json, key: string, value: unknown): void {
  Object.defineProperty(object, key, { value, enumerable: true, configurable: true, writable: true });
}

function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function unusable(file: string, why: string): McpError {
  return new McpError(
    "MCP_CLIENT_CONFIG_UNUSABLE",
    `${file} is left as it is: ${why}. Put it in order, or add the entry by hand; --print shows it.`,
  );
}
