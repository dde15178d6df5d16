import { watcherName, type Tier } from "./launch.ts";
import type { Entry, Identity, ProcessTable } from "./process-table.ts";

export interface TreeSetting {
  readonly table: ProcessTable;
  readonly leader: Identity;
  readonly mark: string;
  readonly tier: Tier;
}

export interface Member extends Identity {
  readonly group: number;
  /** Holds the program and is not part of it: the watcher, and in a namespace the leader, which only waits. */
  readonly helper: boolean;
}

/** The living processes of one program, and of what holds it. */
export class Tree {
  readonly #setting: TreeSetting;
  /** All that ever belonged to it, and whether they are helpers: who leaves the group later is still known. */
  readonly #known = new Map<string, boolean>();

  constructor(setting: TreeSetting) {
    this.#setting = setting;
  }

  /** Those alive now: in the group or session, with the mark, known from before, or children of such. */
  look(): Member[] {
    const all = this.#setting.table.all().filter((entry) => !entry.ended && entry.start >= this.#setting.leader.start);
    const members = new Map(all.filter(this.#rule(all)).map((entry) => [entry.pid, entry]));
    // A child may stand before its parent in the table.
    for (let size = -1; size !== members.size;) {
      size = members.size;
      for (const entry of all) if (members.has(entry.parent)) members.set(entry.pid, entry);
    }
    return [...members.values()].map((entry) => ({ ...entry, helper: this.#isHelper(entry) }));
  }

  #rule(all: readonly Entry[]): (entry: Entry) => boolean {
    const { table, leader, mark } = this.#setting;
    // The number of a group belongs to it while one of its first members lives. After that it may be somebody else's.
    const anchored = all.some((entry) => this.#isLeader(entry) || this.#isWatcher(entry));
    return (entry) =>
      this.#known.has(nameOf(entry)) ||
      (anchored && (entry.group === leader.pid || entry.session === leader.pid)) ||
      carries(table, entry, mark);
  }

  #isHelper(entry: Entry): boolean {
    const known = this.#known.get(nameOf(entry));
    if (known !== undefined) return known;
    const helper = this.#isWatcher(entry) || (this.#setting.tier !== "group" && this.#isLeader(entry));
    this.#known.set(nameOf(entry), helper);
    return helper;
  }

  #isLeader(entry: Entry): boolean {
    return nameOf(entry) === nameOf(this.#setting.leader);
  }

  #isWatcher(entry: Entry): boolean {
    if (entry.group !== this.#setting.leader.pid) return false;
    return this.#setting.table.commandLine(entry.pid).includes(watcherName(this.#setting.mark));
  }
}

export const nameOf = ({ pid, start }: Identity): string => `${pid}:${start}`;

/** Whether the process was started with this mark in its environment. */
export function carries(table: ProcessTable, { pid }: Identity, mark: string): boolean {
  return table.environment(pid)?.includes(mark) ?? false;
}
