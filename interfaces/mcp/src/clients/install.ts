import { copyFile, chmod, mkdir, readFile, realpath, rename, rm, stat, writeFile, constants } from "node:fs/promises";
import { dirname } from "node:path";
import { stringify } from "smol-toml";
import { clientForm, type ClientPlace, type Connection } from "./known.ts";
import { unusable, withJsonEntry } from "./json-config.ts";
import { withTomlEntry } from "./toml-config.ts";

export interface InstallPlan {
  /** The client's file; it may not be there yet. */
  readonly file: string;
  /** What is added to it. A token is not shown. */
  readonly shown: string;
  /** The file has a token in it afterwards. */
  readonly holdsToken: boolean;
  readonly afterwards: string;
  /** Adds the entry to the file as it is then, and says where the file before is kept; changed is false if the entry was there. */
  write(): Promise<{ readonly changed: boolean; readonly backup?: string | undefined }>;
}

/** What would be written for a client, so that it can be shown before. Throws when that client cannot connect so. */
export function planInstall(
  client: string,
  name: string,
  connection: Connection,
  place: ClientPlace,
  now: () => Date = () => new Date(),
): InstallPlan {
  const form = clientForm(client);
  const file = form.file(place);
  const entry = form.entry(connection);
  const merge = form.format === "json" ? withJsonEntry : withTomlEntry;
  const holdsToken = "token" in connection;
  const visible = { [form.key]: { [name]: holdsToken ? form.entry({ ...connection, token: "<the token>" }) : entry } };
  return {
    file,
    shown: form.format === "json" ? JSON.stringify(visible, undefined, 2) : stringify(visible).trim(),
    holdsToken,
    afterwards: form.afterwards,
    async write() {
      // A file that is linked to from its place stays where it really is.
      const target = await realpath(file).catch(() => file);
      const before = await readText(target);
      const after = merge(before ?? "", file, [form.key, name, { ...entry }]);
      if (after === before) return { changed: false };
      const backup = before === undefined ? undefined : await keep(target, now());
      await replace(target, before, after, holdsToken);
      return { changed: true, backup };
    },
  };
}

async function readText(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw unusable(file, `it cannot be read (${(error as Error).message})`);
  }
}

async function keep(file: string, now: Date): Promise<string> {
  const backup = `${file}.before-brains-${now.toISOString().replaceAll(/\D/g, "").slice(0, 17)}`;
  try {
    await copyFile(file, backup, constants.COPYFILE_EXCL);
  } catch (error) {
    throw unusable(file, `no backup can be kept beside it (${(error as Error).message})`);
  }
  return backup;
}

/** All of it or nothing, and never over what somebody else wrote meanwhile. */
async function replace(file: string, before: string | undefined, after: string, secret: boolean): Promise<void> {
  const draft = `${file}.${process.pid}.draft`;
  try {
    await mkdir(dirname(file), { recursive: true });
    const mode = before === undefined ? 0o600 : (await stat(file)).mode & 0o777;
    await writeFile(draft, after, { mode: 0o600, flag: "wx" });
    // With a token in it, it is for its owner alone.
    await chmod(draft, secret ? mode & 0o700 : mode);
    if ((await readText(file)) !== before) throw new Error("it was changed by somebody else just now");
    await rename(draft, file);
  } catch (error) {
    await rm(draft, { force: true });
    throw unusable(file, `it cannot be written (${(error as Error).message})`);
  }
}
