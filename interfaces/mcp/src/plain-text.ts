// Output of jobs and texts of people reach a model's context and often a terminal behind it, so nothing that steers a terminal may pass.
// oxlint-disable no-control-regex -- they are what this file removes

/** CSI, OSC and the other escape sequences. Of a string that has no end only the opening goes, so that nobody can hide the rest of a text. */
const ESCAPES =
  /(?:\u001B\[|\u009B)[0-?]*[ -/]*[@-~]?|(?:\u001B[\]PX^_]|[\u009D\u0090\u0098\u009E\u009F])[^\u0007\u001B\u009C]*(?:\u0007|\u001B\\|\u009C)|\u001B[ -/]*[0-~]?/g;
/** C0 except tab and line feed, DEL, C1, and the marks that reorder text on the screen. */
const CONTROLS = /[\u0000-\u0008\u000B-\u001F\u007F-\u009F\u061C\u200E\u200F\u202A-\u202E\u2066-\u2069]/g;

export function plainText(text: string): string {
  return text.replaceAll("\r\n", "\n").replace(ESCAPES, "").replace(CONTROLS, "");
}

/** The same JSON value with every text in it made plain. What JSON cannot carry is left out, as JSON.stringify does. */
export function plainJson(value: unknown): unknown {
  const json = JSON.stringify(value, (_key, item: unknown) => {
    if (typeof item === "string") return plainText(item);
    if (typeof item === "bigint") return item.toString();
    return item;
  });
  return json === undefined ? undefined : (JSON.parse(json) as unknown);
}
