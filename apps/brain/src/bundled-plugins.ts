import type { BundledPlugin } from "@brains/shell";

/** The plugins that a config names by a bare word. Their version is part of a worker's fingerprint, so it is known without loading them. */
export const BUNDLED_PLUGINS: Readonly<Record<string, BundledPlugin>> = {
  code: { version: "0.1.0", load: () => import("@brains/plugin-code") },
  commands: { version: "0.1.0", load: () => import("@brains/plugin-commands") },
  "site-builder": { version: "0.1.0", load: () => import("@brains/plugin-site-builder") },
};
