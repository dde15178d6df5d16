/** The job that everybody gets: 150 bytes as JSON. */
export interface Payload {
  readonly n: number;
  readonly site: string;
  readonly page: string;
  readonly note: string;
}

export const TYPE = "bench:page";

/** Returned by every no-op handler, and stored as the result. */
export const RESULT = { ok: true } as const;

export function payload(n: number): Payload {
  return {
    n: 1_000_000 + (n % 1_000_000),
    site: "docs.example.org",
    page: "guides/getting-started/index.html",
    note: "made for a benchmark, and as long as many a small order is",
  };
}
