import type { Aim, Medians } from "./benchmark.ts";

type Value = Aim["value"];

export const figureOf =
  (variant: string, key: string): Value =>
  (medians) =>
    medians.get(variant)?.[key] ?? NaN;

export const atLeast = (what: string, least: number, value: Value): Aim => ({
  words: `${what} ≥ ${least}`,
  value,
  reached: (found) => found >= least,
});

export const below = (what: string, limit: number, value: Value): Aim => ({
  words: `${what} < ${limit}`,
  value,
  reached: (found) => found < limit,
});

export const none = (what: string, value: Value): Aim => ({
  words: `0 ${what}`,
  value,
  reached: (found) => found === 0,
});

const LABELS: Readonly<Record<string, string>> = {
  raw: "raw",
  "bullmq-redis": "BullMQ on Redis",
  "bullmq-postgres": "BullMQ on Postgres",
};

/** Rates as multiples of what others reach in the same run. */
export function beside(multiples: Readonly<Record<string, number>>): Aim[] {
  const mine = figureOf("queue", "rate");
  return Object.entries(multiples).map(([name, least]) => {
    const theirs: Value = name === "best peer" ? bestPeer : figureOf(name, "rate");
    return {
      words: `≥ ${least} × ${LABELS[name] ?? name}`,
      value: (medians) => mine(medians) / theirs(medians),
      reached: (found) => found >= least,
    };
  });
}

function bestPeer(medians: Medians): number {
  const rates = [...medians]
    .filter(([name]) => name !== "raw" && name !== "queue")
    .map(([, figures]) => figures["rate"] ?? NaN)
    .filter((rate) => !Number.isNaN(rate));
  return rates.length === 0 ? NaN : Math.max(...rates);
}
