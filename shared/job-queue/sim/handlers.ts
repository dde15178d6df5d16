import type { JobContext } from "../src/handler.ts";
import { type Invocation, type Work, perform } from "./deeds.ts";
import type { Shell } from "./shell.ts";
import type { World } from "./world.ts";

/** From the moment a handler is asked to end until it is given up. */
export const GRACE_MS = 1_000;

/** The handlers that run, in all processes, and what those came to that ran before. */
export class Handlers {
  readonly #world: World;
  readonly #live = new Set<Invocation>();
  readonly #outcomes = new Map<string, Invocation>();
  readonly #invoked = new Map<number, number>();

  constructor(world: World) {
    this.#world = world;
  }

  outcomeOf = (job: number, fence: number): string | undefined => this.#outcomes.get(`${job}/${fence}`)?.outcome;

  /** Its process is dead. */
  die(shell: Shell): void {
    for (const invocation of this.#live) if (invocation.shell === shell) this.#live.delete(invocation);
  }

  async perform(shell: Shell, data: Work, job: JobContext): Promise<unknown> {
    const world = this.#world;
    const fence = world.observer.fence(job.number);
    const invocation: Invocation = { job: job.number, fence, shell, outcome: undefined, asked: undefined };
    for (const other of this.#live) {
      if (other.job !== job.number) continue;
      const since = world.elapsed;
      world.later(() =>
        this.#mayOverlap(other, since)
          ? undefined
          : `#${job.number} runs in shell ${shell.name} while its attempt ${other.fence} runs in shell ${other.shell.name}`,
      );
    }
    const nth = this.#invoked.get(job.number) ?? 0;
    this.#invoked.set(job.number, nth + 1);
    this.#outcomes.set(`${job.number}/${fence}`, invocation);
    this.#live.add(invocation);
    job.signal.addEventListener("abort", () => {
      const why = (job.signal.reason as { code: string }).code;
      invocation.asked = { at: world.elapsed, why };
      if (why !== "lost") return;
      world.later(() =>
        shell.dead || world.model.forced.has(`${job.number}/${fence}`) || this.#settled(invocation)
          ? undefined
          : `attempt ${fence} of #${job.number} was taken from shell ${shell.name}, which lives, and nobody asked for that`,
      );
    });
    const deed = world.healing ? "complete" : (data.script[nth] ?? "complete");
    try {
      return await perform(world.module, invocation, deed, job, world.healed);
    } finally {
      this.#live.delete(invocation);
    }
  }

  /** It was taken by force, or was asked to end and given up. */
  #mayOverlap({ job, fence, asked, shell }: Invocation, since: number): boolean {
    if (shell.dead) return true;
    if (this.#world.model.forced.has(`${job}/${fence}`)) return true;
    return asked !== undefined && since - asked.at >= GRACE_MS;
  }

  #settled({ job, fence }: Invocation): boolean {
    const model = this.#world.model.jobs.get(job);
    return !model || model.token !== fence || model.state !== "processing";
  }
}
