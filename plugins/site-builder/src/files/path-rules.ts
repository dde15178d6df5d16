const DEVICE = /^(?:con|prn|aux|nul|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³])(?:\..*)?$/i;
// oxlint-disable-next-line no-control-regex -- control characters are what is looked for
const FORBIDDEN = /[\u0000-\u001f\u007f<>:"|?*\\]/;

/** Why a folder or file name cannot be used on every system, or undefined if it can. */
export function badName(name: string): string | undefined {
  if (name === "" || name === "." || name === "..") return `"${name}" is not a name`;
  const bad = FORBIDDEN.exec(name);
  if (bad) return `the character ${JSON.stringify(bad[0])} is not allowed in a name`;
  if (/[. ]$/.test(name)) return `"${name}" ends with a dot or a space`;
  if (DEVICE.test(name)) return `"${name}" is a device name on Windows`;
  if (Buffer.byteLength(name) > 200) return `"${name.slice(0, 40)}…" is longer than 200 bytes`;
  return undefined;
}

/** True for a name that Windows keeps for a device, with or without an extension. */
export function isDeviceName(name: string): boolean {
  return DEVICE.test(name);
}

/** Turns `a/./b/../c` into `a/c`. Undefined if it would leave its root, is absolute, or holds a NUL. Separator is `/`. */
export function resolveInside(folder: string, path: string): string | undefined {
  if (path.includes("\0") || path.startsWith("/") || path.includes("\\")) return undefined;
  const parts: string[] = folder === "" ? [] : folder.split("/");
  for (const part of path.split("/")) {
    if (part === "" || part === ".") continue;
    if (part !== "..") parts.push(part);
    else if (parts.pop() === undefined) return undefined;
  }
  return parts.join("/");
}

export function folderOf(path: string): string {
  const slash = path.lastIndexOf("/");
  return slash === -1 ? "" : path.slice(0, slash);
}

export function baseOf(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

/** Order of names as people read them: 2 before 10, case only as the last resort; the same on every machine. */
const collator = new Intl.Collator("en", { numeric: true, sensitivity: "base" });
export function compareNames(a: string, b: string): number {
  return collator.compare(a, b) || (a < b ? -1 : a > b ? 1 : 0);
}
