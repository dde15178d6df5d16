import { join } from "node:path";
import type { DemoPlan } from "@brains/cli";
import { CONFIG_NAME } from "@brains/shell";

/** The demonstration: the brain of the checkout, whose content is the project's own documentation, becomes a website. */
export function demoPlan(checkout: string): DemoPlan {
  const steps = ["generate-all", "promote-all", "build-site"].map((tool) => ({ tool: `site-builder:${tool}`, input: {} }));
  return {
    brain: { config: join(checkout, CONFIG_NAME) },
    intro: ["The example brain turns docs/ into a website: generate, promote, build, as background jobs."],
    steps,
    closing: () => [],
  };
}
