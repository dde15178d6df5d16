import { createHash } from "node:crypto";
import { readFile, readdir } from "node:fs/promises";

const FOLDERS = ["../theme/", "../markdown/"];

/** Changes whenever the code that makes pages changes, so that no page of an older version is reused. */
export async function renderVersion(): Promise<string> {
  const hash = createHash("sha256");
  hash.update(await readFile(new URL("../../package.json", import.meta.url)));
  for (const folder of FOLDERS) {
    const base = new URL(folder, import.meta.url);
    for (const name of (await readdir(base)).sort()) hash.update(await readFile(new URL(name, base)));
  }
  return hash.digest("hex").slice(0, 16);
}
