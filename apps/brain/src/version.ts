import { readFileSync } from "node:fs";

/** The app's version as its files are now: a newer one may have been installed since this process started. */
export function appVersion(): string {
  const { version } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")) as {
    version: string;
  };
  return version;
}
