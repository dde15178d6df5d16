// Programs of plugins' jobs: judged by the brain's policy, approved by a person where that asks for it, run in a process tree of their own.
import type { JobContext, Programs } from "@brains/plugin";
import { probeTiers } from "@brains/process";
import type { Tier } from "@brains/process";
import { messageOf } from "../errors.ts";
import { brainPolicy, programJudge } from "./judge.ts";
import type { ProgramPorts } from "./lazy.ts";
import { sayLeftOver, sweepLeftOvers } from "./marks.ts";
import { rulesOf } from "./policy/describe.ts";
import { resolveProgram } from "./resolve.ts";
import { ProgramSession } from "./session.ts";
import { programSettings } from "./settings.ts";
import { Slots } from "./slots.ts";

export interface OpenPrograms extends Programs {
  session(job: JobContext, plugin: string): ProgramSession;
  /** Ends what programs of dead workers left behind. */
  sweep(): Promise<void>;
  stop(): Promise<void>;
}

export function openPrograms(given: ProgramPorts): OpenPrograms {
  const { queue, log, now } = given;
  const settings = programSettings(given);
  const policy = brainPolicy(settings);
  const judge = programJudge(policy);
  const later = new Set<Promise<void>>();
  let probed: Promise<Tier> | undefined;
  let stopped = false;
  const failed = (what: string) => (error: unknown) => log.warn(`${what} failed`, { error: messageOf(error) });
  const ports = {
    queue,
    settings,
    judge,
    now,
    slots: new Slots(settings.config.concurrency),
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
    async sweep() {
      for (const one of await sweepLeftOvers(queue))
        await sayLeftOver(settings.home, one).catch(failed("a note in a log"));
    },
    async stop() {
      stopped = true;
      await Promise.all(later);
    },
  };
}
