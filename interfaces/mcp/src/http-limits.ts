import { refusal } from "./http-answers.ts";

export interface RequestLimits {
  /** Requests per second of one principal, in the long run. */
  readonly rate: number;
  /** Requests at once above that rate. */
  readonly burst: number;
  /** Open requests of one principal: calls that wait, and streams. */
  readonly open: number;
}

interface Use {
  tokens: number;
  at: number;
  open: number;
}

/** Counts requests per principal. `enter` gives a refusal, or what to call when the request is over. */
export class RequestCounter {
  readonly #limits: RequestLimits;
  readonly #now: () => number;
  readonly #uses = new Map<string, Use>();

  constructor(limits: RequestLimits, now: () => number) {
    this.#limits = limits;
    this.#now = now;
  }

  enter(principal: string): { readonly refused: Response } | { readonly leave: () => void } {
    const { rate, burst, open } = this.#limits;
    const now = this.#now();
    const use = this.#uses.get(principal) ?? { tokens: burst, at: now, open: 0 };
    this.#uses.set(principal, use);
    use.tokens = Math.min(burst, use.tokens + (Math.max(0, now - use.at) / 1000) * rate);
    use.at = now;
    if (use.tokens < 1) {
      return { refused: refusal(429, `More than ${rate} requests a second. Ask less often.`, { "Retry-After": "1" }) };
    }
    if (use.open >= open) {
      const message = `${open} requests are open already. Wait for one of them; shell_wait takes several ids.`;
      return { refused: refusal(429, message, { "Retry-After": "5" }) };
    }
    use.tokens -= 1;
    use.open += 1;
    let left = false;
    return {
      leave: () => {
        if (left) return;
        left = true;
        use.open -= 1;
        // Principals that are gone leave nothing behind once their rate has recovered.
        if (this.#uses.size > 1000) this.#forget();
      },
    };
  }

  #forget(): void {
    const { rate, burst } = this.#limits;
    const recovered = this.#now() - (burst / rate) * 1000;
    for (const [principal, use] of this.#uses) if (use.open === 0 && use.at <= recovered) this.#uses.delete(principal);
  }
}
