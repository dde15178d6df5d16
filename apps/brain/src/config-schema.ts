import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { configJsonSchema } from "@brains/shell";

/** Where the first line of a brains.yaml points, so that an editor completes and checks it. */
const FILE = "brains.schema.json";

/** Writes the config's JSON schema into a brain's home, unless it is there already. */
export async function writeConfigSchema(home: string): Promise<void> {
  const text = `${JSON.stringify(configJsonSchema(), undefined, 2)}\n`;
  const path = join(home, FILE);
  if ((await readFile(path, "utf8").catch(() => "")) === text) return;
  await mkdir(home, { recursive: true, mode: 0o700 });
  await writeFile(path, text, { mode: 0o600 });
}
