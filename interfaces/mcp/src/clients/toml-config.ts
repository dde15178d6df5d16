import { isDeepStrictEqual } from "node:util";
import { parse, stringify } from "smol-toml";
import { unusable } from "./json-config.ts";

type Table = Record<string, unknown>;

/**
 * The file's text with the entry appended as tables of its own. TOML is written by people, with comments: a library that writes the whole file
 * anew would lose them, so the text in front stays as it is, and the library only checks that nothing else has changed.
 */
export function withTomlEntry(text: string, file: string, [key, name, entry]: [string, string, Table]): string {
  const before = read(text, file);
  const servers = (before[key] ?? {}) as Table;
  if (Object.hasOwn(servers, name)) {
    if (isDeepStrictEqual({ ...(servers[name] as Table) }, entry)) return text;
    throw unusable(file, `it has another [${key}.${name}] already, which only a person can replace`);
  }
  const gap = text === "" || text.endsWith("\n\n") ? "" : text.endsWith("\n") ? "\n" : "\n\n";
  const result = `${text}${gap}${stringify({ [key]: { [name]: entry } }).trim()}\n`;
  const wanted = { ...before, [key]: { ...servers, [name]: entry } };
  // A table that was written in one line, for one, cannot be added to at the end of the file.
  if (!isDeepStrictEqual(plain(read(result, file)), plain(wanted)))
    throw unusable(file, "the entry cannot be appended to it");
  return result;
}

function read(text: string, file: string): Table {
  try {
    return parse(text, { integersAsBigInt: "asNeeded" });
  } catch (error) {
    throw unusable(
      file,
      `it is not valid TOML, or would not be with the entry (${(error as Error).message.split("\n")[0]})`,
    );
  }
}

/** Without the prototypes that tell tables of a parser from objects. */
function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== "object" || value === null || value instanceof Date) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plain(item)]));
}
