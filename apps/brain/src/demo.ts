import { join } from "node:path";
import type { AppSession, DemoPlan } from "@brains/cli";
import { CONFIG_NAME, type JobsReply } from "@brains/shell";

const BUILD = "site-builder:build-site";

/** The demonstration: the brain of the checkout, whose content is the project's own documentation, becomes a website. `config` names another brain. */
export function demoPlan(checkout: string, config: string | undefined): DemoPlan {
  return {
    brain: { config: config ?? join(checkout, CONFIG_NAME) },
    intro: [
      "The example brain makes a website of docs/: it generates sections, promotes them and builds the pages, as background jobs.",
    ],
    steps: ["site-builder:generate-all", "site-builder:promote-all", BUILD].map((tool) => ({ tool, input: {} })),
    closing,
  };
}

async function closing({ shell, caller }: AppSession): Promise<string[]> {
  const reply = await shell.callTool("shell:jobs", { type: BUILD, state: "completed", limit: 1 }, caller);
  const [job] = reply.kind === "data" ? (reply.data as JobsReply).jobs : [];
  const { folder, pages, rendered, reused } = (job?.result ?? {}) as {
    folder?: string;
    pages?: number;
    rendered?: number;
    reused?: number;
  };
  if (folder === undefined) return [];
  return [
    `${pages} pages: ${rendered} rendered, ${reused} unchanged`,
    `The site: ${folder}`,
    `Open ${join(folder, "index.html")} in a browser.`,
  ];
}
