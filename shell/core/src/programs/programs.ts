// Programs of plugins' jobs: judged by the brain's policy, approved by a person where that asks for it, run in a process tree of their own.
import type { JobQueue } from "@brains/job-queue";
import type { JobContext, Logger, Programs } from "@brains/plugin";
import { probeTiers } from "@brains/process";
import type { Tier } from "@brains/process";
import { messageOf } from "../errors.ts";
import { brainPolicy, programJudge } from "./judge.ts";
import { rulesOf } from "./policy/describe.ts";
import { keepHouse, sayLeftOver } from "./housekeeping.ts";
import { sweepLeftOvers } from "./marks.ts";
import { resolveProgram } from "./resolve.ts";
import { ProgramSession } from "./session.ts";
import type { ProgramSettings } from "./settings.ts";
import { Slots } from "./slots.ts";

export interface BrainPrograms extends Programs {
  /** `plugin`: with its version. */
  session(job: JobContext, plugin: string): ProgramSession;
  /** To be called by a worker before it claims jobs: ends what programs of dead workers left behind, and removes output of jobs that are gone. */
  prepareWork(): Promise<void>;
  /** Removes what belongs to jobs that are gone. */
  tidy(): Promise<void>;
  stop(): Promise<void>;
}

export interface ProgramPorts {
  readonly queue: JobQueue;
  readonly settings: ProgramSettings;
  readonly log: Logger;
  readonly now: () => number;
}

const HOUSEKEEPING_MS = 3_600_000;

export function createPrograms({ queue, settings, log, now }: ProgramPorts): BrainPrograms {
  const policy = brainPolicy(settings);
  const judge = programJudge(policy);
  const slots = new Slots(settings.config.concurrency);
  const later = new Set<Promise<void>>();
  let probed: Promise<Tier> | undefined;
  let stopped = false;
  let timer: NodeJS.Timeout | undefined;
  const failed = (what: string) => (error: unknown) => log.warn(`${what} failed`, { error: messageOf(error) });
  const tidy = () => keepHouse(queue, settings.home).catch(failed("removing output of deleted jobs"));
  const ports = {
    queue,
    settings,
    judge,
    now,
    slots,
    tier: () => (probed ??= probeTiers({ userNamespace: settings.config.userNamespace }).then(({ active }) => active)),
    stopped: () => stopped,
    later: (work: Promise<void>) => {
      const mine = work.catch(failed("compressing a log")).finally(() => later.delete(mine));
      later.add(mine);
    },
  };
  return {
    judge: async (request) => judge(resolveProgram(settings, request)),
    policy: async () => ({
      rules: rulesOf(policy),
      thresholds: policy.thresholds,
      folders: policy.folders(),
      env: [...new Set([...Object.keys(settings.config.environment), ...settings.config.secrets])].toSorted(),
    }),
    session: (job, plugin) => new ProgramSession(ports, job, plugin),
    async prepareWork() {
      for (const one of await sweepLeftOvers(queue))
        await sayLeftOver(settings.home, one).catch(failed("a note in a log"));
      await tidy();
      timer ??= setInterval(() => void tidy(), HOUSEKEEPING_MS).unref();
    },
    tidy,
    async stop() {
      stopped = true;
      clearInterval(timer);
      await Promise.all(later);
    },
  };
}
