import { defineTool } from "@brains/plugin";
import { z } from "zod";
import type { SectionState } from "../content/content-manager.ts";
import type { Site } from "../site.ts";
import { selectSections } from "./selection.ts";

const version = z.object({ version: z.string(), at: z.string(), versions: z.int() });
const row = z.object({
  section: z.string(),
  page: z.string(),
  template: z.string(),
  sources: z.array(z.string()),
  /** `new`: only in preview. `changed`: preview differs from production. `removed`: the site has no such section any more. */
  status: z.enum(["not generated", "new", "changed", "promoted", "removed"]),
  preview: version.optional(),
  production: version.optional(),
});

export function contentTools(site: Site) {
  return [
    defineTool({
      name: "content",
      title: "List the content",
      description:
        "Lists the sections of the site with their preview and production versions. Their ids are what generate, promote and rollback take.",
      role: "viewer",
      input: z.object({
        page: z.string().min(1).optional().describe("Only this page"),
        limit: z.int().min(1).max(1_000).default(100),
      }),
      output: z.object({ total: z.int(), shown: z.int(), sections: z.array(row), warnings: z.array(z.string()) }),
      annotations: { readOnly: true, destructive: false, idempotent: true },
      async run({ page, limit }, context) {
        const planned = await site.plan(context.signal);
        const states = new Map((await (await site.content()).sections()).map((state) => [state.section, state]));
        const rows = selectSections(planned, page).map(({ page, section }): z.output<typeof row> => {
          const state = states.get(section.id);
          states.delete(section.id);
          return {
            section: section.id,
            page: page.route,
            template: section.template,
            sources: [...section.sources],
            ...versionsOf(state),
          };
        });
        const removed = page === undefined ? [...states.values()] : [];
        for (const state of removed)
          rows.push({
            section: state.section,
            page: "",
            template: "",
            sources: [],
            ...versionsOf(state),
            status: "removed",
          });
        return {
          total: rows.length,
          shown: Math.min(rows.length, limit),
          sections: rows.slice(0, limit),
          warnings: [...planned.plan.warnings],
        };
      },
    }),
  ];
}

function versionsOf(state: SectionState | undefined): Pick<z.output<typeof row>, "status" | "preview" | "production"> {
  const { preview, production } = state ?? {};
  const shown = (stored: { hash: string; at: number } | undefined, earlier = 0) =>
    stored && { version: stored.hash.slice(0, 12), at: new Date(stored.at).toISOString(), versions: earlier + 1 };
  const status =
    !preview && !production
      ? "not generated"
      : !production
        ? "new"
        : preview && preview.hash !== production.hash
          ? "changed"
          : "promoted";
  return {
    status,
    preview: shown(preview, state?.earlierInPreview),
    production: shown(production, state?.earlierInProduction),
  };
}
