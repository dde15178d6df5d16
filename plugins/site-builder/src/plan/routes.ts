import { createHash } from "node:crypto";
import { folderOf, isDeviceName } from "../files/path-rules.ts";

const INDEX = /^(?:index|readme)\.(?:md|markdown)$/i;

/** Names that the build itself writes into the site's folder. */
const TAKEN = new Set(["404"]);

/** One part of a route: small letters, digits, hyphen and underscore of any script; safe as a file name on every system. */
export function slug(name: string): string {
  const plain = name
    .normalize("NFC")
    .toLowerCase()
    .replace(/[^\p{L}\p{M}\p{N}_-]+/gu, "-")
    .replace(/^-+|-+$/g, "")
    .normalize("NFC");
  if (plain === "") return shortHash(name);
  if (isDeviceName(plain) || TAKEN.has(plain)) return `${plain}-page`;
  if (Buffer.byteLength(plain) <= 100) return plain;
  let cut = "";
  for (const character of plain) {
    if (Buffer.byteLength(cut + character) > 90) break;
    cut += character;
  }
  return `${cut}-${shortHash(name)}`;
}

function shortHash(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 8);
}

/** True for the file that speaks for its folder. */
export function isIndexFile(path: string): boolean {
  return INDEX.test(path.slice(path.lastIndexOf("/") + 1));
}

export function slugFolder(folder: string): string {
  return folder === "" ? "" : folder.split("/").map(slug).join("/");
}

/** Page id of a Markdown file: its path without extension, of a folder's index the folder, `index` for the home page. */
export function pageIdOf(path: string): string {
  const folder = slugFolder(folderOf(path));
  if (isIndexFile(path)) return folder === "" ? "index" : folder;
  const name = slug(path.slice(path.lastIndexOf("/") + 1).replace(/\.(?:md|markdown)$/i, ""));
  return folder === "" ? name : `${folder}/${name}`;
}

/** File in the site's folder. A folder's page is its index.html, so a site works from any server and from disk. */
export function outputFile(id: string, isFolder: boolean): string {
  if (id === "index") return "index.html";
  return isFolder ? `${id}/index.html` : `${id}.html`;
}

export function routeOf(id: string, isFolder: boolean): string {
  if (id === "index") return "/";
  return isFolder ? `/${id}/` : `/${id}`;
}

/** Relative link from one output file to another. */
export function relativeLink(from: string, to: string): string {
  const source = from.split("/").slice(0, -1);
  const target = to.split("/");
  let shared = 0;
  while (shared < source.length && shared < target.length - 1 && source[shared] === target[shared]) shared++;
  return [...source.slice(shared).map(() => ".."), ...target.slice(shared)]
    .map((part) => (part === ".." ? part : encodeURIComponent(part)))
    .join("/");
}
