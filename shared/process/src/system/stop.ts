import { setTimeout as pause } from "node:timers/promises";
import type { Tier } from "./launch.ts";
import type { Lifeline } from "./lifeline.ts";
import { type ProcessTable, signalExactly } from "./process-table.ts";
import { killUntilEmpty } from "./sweep.ts";
import { type Member, type Tree, nameOf } from "./tree.ts";

const FIRST_LOOK_MS = 5;
const LONGEST_LOOK_MS = 80;

/** What became of a program's processes. */
export interface Stopped {
  /** Distinct processes that were alive when the stop began, or appeared during it, and are gone. */
  readonly stopped: number;
  /** Still alive after KILL, by pid: stuck in the kernel, or not ours to kill. */
  readonly left: readonly number[];
  /** Whether the grace was over and KILL was needed. */
  readonly forced: boolean;
  /** What this tier cannot see, as a sentence; undefined where it sees all. */
  readonly unseen: string | undefined;
}

export interface StopSetting {
  readonly tree: Tree;
  readonly lifeline: Lifeline;
  readonly table: ProcessTable;
  readonly tier: Tier;
}

/** Ends a tree: TERM, a grace, KILL, and looks until nothing is left. Asked again it gives the same answer, perhaps sooner. */
export class Stopper {
  readonly #setting: StopSetting;
  readonly #met = new Set<string>();
  #deadline = Number.POSITIVE_INFINITY;
  #outcome: Promise<Stopped> | undefined;

  constructor(setting: StopSetting) {
    this.#setting = setting;
  }

  get begun(): boolean {
    return this.#outcome !== undefined;
  }

  stop(grace: number): Promise<Stopped> {
    this.#deadline = Math.min(this.#deadline, performance.now() + grace);
    this.#outcome ??= this.#end();
    return this.#outcome;
  }

  async #end(): Promise<Stopped> {
    const { lifeline, table, tier } = this.#setting;
    if (performance.now() < this.#deadline) this.#ask(this.#look());
    const forced = !(await this.#gone());
    lifeline.cut();
    const { left } = await killUntilEmpty(() => this.#look(), table);
    return { stopped: this.#met.size - left.length, left, forced, unseen: unseenOn(tier, table) };
  }

  #ask(members: readonly Member[]): void {
    const { lifeline, table, tier } = this.#setting;
    lifeline.signal("TERM");
    // Who is stopped would get the TERM only when continued.
    lifeline.signal("CONT");
    if (tier !== "group") return;
    const groups = members.filter(({ helper }) => helper).map(({ group }) => group);
    // The watcher does not reach who left its group.
    for (const member of members) {
      if (!member.helper && !groups.includes(member.group)) signalExactly(table, member, "SIGTERM");
    }
  }

  /** True as soon as no process of the program is left, false when the grace is over. */
  async #gone(): Promise<boolean> {
    for (let wait = FIRST_LOOK_MS; ; wait = Math.min(wait * 2, LONGEST_LOOK_MS)) {
      if (this.#look().every(({ helper }) => helper)) return true;
      const left = this.#deadline - performance.now();
      if (left <= 0) return false;
      await pause(Math.min(wait, left));
    }
  }

  #look(): Member[] {
    const members = this.#setting.tree.look();
    for (const member of members) if (!member.helper) this.#met.add(nameOf(member));
    return members;
  }
}

function unseenOn(tier: Tier, { showsEnvironment }: ProcessTable): string | undefined {
  if (tier !== "group") return undefined;
  const whom = showsEnvironment ? ", cleared their environment and lost their parent" : "";
  return `Processes that left the program's group${whom} cannot be seen here; some may still run.`;
}
