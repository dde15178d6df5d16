import type { ProgramCard } from "./card.ts";

export function isProgramCard(details: unknown): details is ProgramCard {
  return typeof details === "object" && details !== null && "card" in details && details.card === "program";
}

/** A card for somebody who cannot decide; other details as they are. */
export function withoutHashes(details: unknown): unknown {
  if (!isProgramCard(details)) return details;
  const { executable, files } = details;
  return {
    ...details,
    bound: undefined,
    executable: { path: executable.path, realPath: executable.realPath },
    files: files.map(({ path }) => ({ path })),
  };
}
