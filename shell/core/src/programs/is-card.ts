import type { ProgramCard } from "./card.ts";

export function isProgramCard(details: unknown): details is ProgramCard {
  return typeof details === "object" && details !== null && "card" in details && details.card === "program";
}
