import { readFile } from "node:fs/promises";

/** Later files win. */
const FILES = ["base.css", "frame.css", "page.css", "media.css"];

/** The one style sheet of a site. */
export async function readStylesheet(): Promise<string> {
  const parts = await Promise.all(FILES.map((file) => readFile(new URL(file, import.meta.url), "utf8")));
  return parts.join("\n");
}
