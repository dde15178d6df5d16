import { folderOf, resolveInside } from "../files/path-rules.ts";

/** What a link or picture of a note points to. `path` is in the content folder. */
export type Target =
  | { readonly kind: "outside"; readonly href: string }
  | { readonly kind: "here"; readonly fragment: string }
  | { readonly kind: "content"; readonly path: string; readonly fragment?: string | undefined }
  | { readonly kind: "bad"; readonly reason: string };

/** Reads an address as written in `source`. A path that starts with `/` counts from the content folder. */
export function readTarget(href: string, source: string): Target {
  // Browsers drop these characters inside an address, so `java\nscript:` would be one.
  // oxlint-disable-next-line no-control-regex -- see above
  const address = href.trim().replace(/[\u0000-\u001f]/g, "");
  if (/^[a-z][a-z0-9+.-]*:/i.test(address)) {
    return /^(?:https?|mailto):/i.test(address)
      ? { kind: "outside", href: address }
      : { kind: "bad", reason: "has an address that is not allowed" };
  }
  if (address.startsWith("//")) return { kind: "outside", href: `https:${address}` };
  const [, written = "", fragment] = /^([^?#]*)(?:\?[^#]*)?(?:#(.*))?$/.exec(address) ?? [];
  if (written === "") return { kind: "here", fragment: decode(fragment ?? "") };
  const plain = decode(written);
  const path = resolveInside(plain.startsWith("/") ? "" : folderOf(source), plain.replace(/^\/+/, ""));
  if (path === undefined) return { kind: "bad", reason: "points outside the content folder" };
  return { kind: "content", path, fragment: fragment === undefined ? undefined : decode(fragment) };
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
