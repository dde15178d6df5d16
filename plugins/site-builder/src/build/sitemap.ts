/** Absolute address of an output file; a folder's page is the folder. */
export function addressOf(url: string, file: string): string {
  const base = url.endsWith("/") ? url : `${url}/`;
  const path = file
    .replace(/(^|\/)index\.html$/, "$1")
    .split("/")
    .map(encodeURIComponent)
    .join("/");
  return new URL(path, base).href;
}

export function sitemap(url: string, files: readonly string[]): string {
  const entries = files.map((file) => `  <url><loc>${escapeXml(addressOf(url, file))}</loc></url>`);
  return `<?xml version="1.0" encoding="UTF-8"?>\n<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">\n${entries.join("\n")}\n</urlset>\n`;
}

function escapeXml(text: string): string {
  return text
    .replace(/&/g, "&amp;")
    .replace(/</g, "&lt;")
    .replace(/>/g, "&gt;")
    .replace(/'/g, "&apos;")
    .replace(/"/g, "&quot;");
}
