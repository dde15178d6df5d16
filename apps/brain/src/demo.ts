import { join } from "node:path";
import type { DemoPlan } from "@brains/cli";
import { CONFIG_NAME } from "@brains/shell";

/** The demonstration: the brain of the checkout, whose content is the project's own documentation, becomes a website. `config` names another brain. */
export function demoPlan(checkout: string, config: string | undefined): DemoPlan {
  return {
    brain: { config: config ?? join(checkout, CONFIG_NAME) },
    intro: [
      "The example brain makes a website of docs/: it generates sections, promotes them and builds the pages, as background jobs.",
    ],
    steps: ["site-builder:generate-all", "site-builder:promote-all", "site-builder:build-site"].map((tool) => ({
      tool,
      input: {},
    })),
    closing,
  };
}

/** `results` of the steps; the last one is the build's report. */
function closing(_session: unknown, results: readonly unknown[]): string[] {
  const { folder, pages, rendered, reused } = (results.at(-1) ?? {}) as Partial<BuildReport>;
  if (folder === undefined) return [];
  return [
    `${pages} pages: ${rendered} rendered, ${reused} unchanged`,
    `The site: ${folder}`,
    `Open ${join(folder, "index.html")} in a browser.`,
  ];
}

interface BuildReport {
  readonly folder: string;
  readonly pages: number;
  readonly rendered: number;
  readonly reused: number;
}
