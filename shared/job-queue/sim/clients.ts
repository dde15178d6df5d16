import type { JobQueue } from "../src/queue.ts";
import type { Action } from "./action.ts";
import type { Work } from "./deeds.ts";
import type { Shell } from "./shell.ts";
import type { World } from "./world.ts";

type Step = Action | { readonly do: "answer"; readonly on: number; readonly steps: number };

/** Begins what the action says; it ends when the schedule lets it. A refusal with a code is a fair answer, anything else is not. */
export async function act(world: World, action: Step): Promise<void> {
  switch (action.do) {
    case "advance":
      return world.advance(action.ms);
    case "jump":
      return world.jump(action.ms);
    case "settle":
      return world.settle();
    case "power":
      return world.power();
    case "wall":
      return world.setWall(action.ms);
    case "start": {
      const slot = world.shells.findIndex((shell) => shell.dead);
      if (slot >= 0) await world.open(slot);
      return;
    }
    default:
  }
  const alive = world.alive.filter((shell) => !shell.paused && !shell.doomed);
  const shell = alive[action.on % Math.max(1, alive.length)];
  if (action.do === "wake") {
    const paused = world.alive.filter((each) => each.paused)[0];
    if (paused) wake(paused);
    return;
  }
  if (!shell || shell.stopping) return;
  switch (action.do) {
    case "crash":
      return world.crash(shell);
    case "pause":
      shell.paused = true;
      return;
    case "crash-at":
    case "power-at":
      shell.traps.push({ point: action.point, left: action.nth, power: action.do === "power-at" });
      return;
    case "fail":
      shell.failing[action.how] += action.how === "io-done" ? 1 : action.times;
      return;
    case "stop":
      shell.stopping = true;
      ask(
        world,
        shell,
        "stop",
        (queue) => queue.stop({ grace: 500 }),
        () => world.crash(shell),
      );
      return;
    case "force":
      return force(world, shell, action);
    default:
      request(world, shell, action as Request);
  }
}

/** Asks the queue of a shell for something, and notes how it ends. */
function ask<Value>(
  world: World,
  shell: Shell,
  what: string,
  call: (queue: JobQueue) => Promise<Value>,
  done: (value: Value) => string | undefined | void = () => undefined,
  failed: () => void = () => undefined,
): void {
  world.note(`shell ${shell.name} is asked: ${what}`);
  call(shell.queue as JobQueue).then(
    (value) => {
      world.note(`shell ${shell.name} did: ${what}`);
      world.later(() => done(value) ?? undefined);
    },
    (error: unknown) => {
      const code = (error as { code?: string }).code ?? String(error);
      if (!shell.dead && !shell.doomed && !world.module.isCodedError(error)) {
        world.wrong.push(`${what} in shell ${shell.name} ended with ${String(error)}`);
      }
      world.note(`shell ${shell.name} refused: ${what}: ${shell.dead ? "dead" : code}`);
      failed();
    },
  );
}

type Request = Exclude<
  Step,
  {
    do:
      | "advance"
      | "jump"
      | "settle"
      | "power"
      | "wall"
      | "start"
      | "wake"
      | "crash"
      | "pause"
      | "crash-at"
      | "power-at"
      | "fail"
      | "stop"
      | "force";
  }
>;

function request(world: World, shell: Shell, action: Request): void {
  const { model, observer } = world;
  const { asked } = model;
  const among = (table: "bq_job" | "bq_batch", pick: number): number => {
    const ids = observer.ids(table);
    // Mostly one of the newest, where things happen.
    const some = pick < 25 ? ids.slice(-4) : ids;
    return some.length === 0 ? 999_999 : (some[pick % some.length] as number);
  };
  switch (action.do) {
    case "enqueue":
      return enqueue(
        world,
        shell,
        action,
        action.after.map((pick) => among("bq_job", pick)),
      );
    case "batch":
      return enqueueBatch(
        world,
        shell,
        action,
        action.after.map((pick) => among("bq_batch", pick)),
      );
    case "answer":
      for (const id of observer.ids("bq_batch", "state < 5 AND open = 1")) {
        asked.close.add(id);
        ask(world, shell, `close ${id}`, (queue) => queue.batches.closeBatch(id));
      }
      for (const id of observer.openRequests()) decide(world, shell, id, "approve");
      return;
    case "decide":
      ask(world, shell, "open requests", async (queue) => {
        const open = await queue.requests.list({ open: true });
        const chosen = open[action.pick % Math.max(1, open.length)];
        if (!chosen) return;
        decide(world, shell, chosen.number, action.choice);
        const other = world.alive.find((each) => each !== shell && !each.paused && !each.stopping);
        if (action.twice && other) decide(world, other, chosen.number, "approve");
      });
      return;
    case "get": {
      const id = among("bq_job", action.pick);
      ask(
        world,
        shell,
        `get ${id}`,
        (queue) => queue.service.getStatus(id),
        (info) => {
          const job = model.jobs.get(id);
          if (!info || !job) return undefined;
          const state = job.state === "ended" ? job.end : job.state === "waiting" ? "waiting_approval" : job.state;
          if (info.state !== state) return `#${id} is told as ${info.state}, and is ${state}`;
          return (info.result !== undefined) === (state === "completed")
            ? undefined
            : `#${id} is ${state}, and its result is told as ${JSON.stringify(info.result)}`;
        },
      );
      return;
    }
    case "add": {
      const id = among("bq_batch", action.pick);
      ask(world, shell, `add ${id}`, (queue) =>
        queue.batches.addToBatch(id, [{ type: "op", data: { script: ["throw"] } satisfies Work }]),
      );
      return;
    }
    case "close":
    case "cancel-batch":
    case "retry-batch":
    case "delete-batch": {
      const id = among("bq_batch", action.pick);
      if (action.do === "close") asked.close.add(id);
      if (action.do === "cancel-batch") asked.cancelBatch.add(id);
      if (action.do === "retry-batch") asked.rerun.add(id);
      ask(world, shell, `${action.do} ${id}`, async (queue): Promise<unknown> => {
        if (action.do === "close") return queue.batches.closeBatch(id);
        if (action.do === "cancel-batch") return queue.batches.cancelBatch(id);
        return action.do === "retry-batch" ? queue.service.retry(id) : queue.service.delete(id);
      });
      return;
    }
    case "cancel": {
      const id = among("bq_job", action.pick);
      asked.cancel.add(id);
      const run = model.jobs.get(id)?.run;
      ask(
        world,
        shell,
        `cancel ${id}`,
        (queue) => queue.service.cancel(id),
        ({ cancelling }) => {
          const job = model.jobs.get(id);
          const heard = !job || job.run !== run || job.state === "ended" || (cancelling && job.cancelAsked);
          return heard ? undefined : `the cancel of #${id} was acknowledged, and it is ${job.state}`;
        },
      );
      return;
    }
    case "retry":
    case "resume":
    case "delete": {
      const id = among("bq_job", action.pick);
      if (action.do !== "delete") asked.rerun.add(id);
      ask(world, shell, `${action.do} ${id}`, async (queue): Promise<unknown> => {
        if (action.do === "retry") return queue.service.retry(id);
        return action.do === "resume" ? queue.service.resume(id) : queue.service.delete(id);
      });
      return;
    }
  }
}

function decide(world: World, shell: Shell, id: number, choice: string): void {
  ask(
    world,
    shell,
    `decide ${id} ${choice}`,
    (queue) => queue.requests.decide(id, { choice }),
    () => {
      const before = world.decided.has(id);
      world.decided.add(id);
      return before ? `request #${id} was decided twice` : undefined;
    },
  );
}

function wake(shell: Shell): void {
  shell.paused = false;
  shell.ring();
}

/** Freezes a process that runs a job, waits until it counts as silent, and takes the job from it. */
async function force(world: World, shell: Shell, action: Extract<Action, { do: "force" }>): Promise<void> {
  const running = [...world.model.jobs.values()].filter(
    (job) => job.state === "processing" && job.owner !== shell.name,
  );
  const job = running[action.pick % Math.max(1, running.length)];
  const owner = world.shells.find((each) => each.name === job?.owner);
  if (!job || !owner || owner.dead) return;
  owner.paused = true;
  world.endable = action.owner === "ends";
  await world.jump(11_000);
  if (shell.dead || shell.stopping) return;
  world.model.asked.force.add(job.id);
  world.model.asked.rerun.add(job.id);
  const done = (): undefined => {
    if (action.owner === "wakes" && !owner.dead) wake(owner);
  };
  ask(world, shell, `force ${job.id}`, (queue) => queue.service.retry(job.id, { force: true }), done);
}

function enqueue(
  world: World,
  shell: Shell,
  action: Extract<Action, { do: "enqueue" }>,
  after: readonly number[],
): void {
  const keyed = action.key !== null;
  const key = keyed ? `k${action.key}` : undefined;
  const label = `t${++world.labels}`;
  // A keyed job waits for nothing here: one that waited for its own successor would wait for ever.
  const script = keyed ? action.script.filter((deed) => deed !== "wait") : action.script;
  if (key && action.dedup === "replace") world.model.asked.replace.add(key);
  const options = {
    label,
    key,
    dedup: action.dedup,
    after: keyed ? undefined : after,
    delay: action.delay,
    maxAttempts: action.tries,
    idempotencyKey: action.again ? label : undefined,
  };
  const once = (): string | undefined => {
    const rows = world.observer.withLabel(label);
    return rows <= 1 ? undefined : `${label} was enqueued once, and is there ${rows} times`;
  };
  const go = (at: Shell, left: number): void =>
    ask(
      world,
      at,
      `enqueue ${label}`,
      (queue) => queue.enqueue("op", { script } satisfies Work, options),
      ({ number, duplicate }) => {
        const job = world.model.jobs.get(number);
        if (!job && !duplicate) return `#${number} was acknowledged, and is not there`;
        if (!job || duplicate) return once();
        if (!keyed && after.some((on) => !job.deps.has(on))) return `#${number} forgot what it waits for`;
        if (job.most !== action.tries) return `#${number} may be tried ${job.most} times, not ${action.tries}`;
        return once();
      },
      () => {
        world.later(once);
        const other = world.alive.find((each) => each !== at && !each.paused && !each.stopping && !each.doomed);
        if (action.again && other && left > 0) go(other, left - 1);
      },
    );
  go(shell, 3);
}

function enqueueBatch(
  world: World,
  shell: Shell,
  action: Extract<Action, { do: "batch" }>,
  after: readonly number[],
): void {
  const label = `b${++world.labels}`;
  const operations = action.scripts.map((script, i) => ({
    type: "op",
    data: { script } satisfies Work,
    label: `${label}.${i}`,
    key: `m${i}`,
    dependsOn: action.chained && i > 0 ? `m${i - 1}` : undefined,
  }));
  ask(
    world,
    shell,
    `batch ${label}`,
    (queue) => queue.enqueueBatch(operations, { open: action.open, policy: action.policy, after }),
    ({ number, jobIds }) => {
      if (!world.model.batches.has(number)) return `batch #${number} was acknowledged, and is not there`;
      const jobs = jobIds.map((id) => world.model.jobs.get(Number.parseInt(id, 10)));
      for (const [i, job] of jobs.entries()) {
        if (!job) return `a job of batch #${number} is not there`;
        const before = jobs[i - 1];
        if (action.chained && before && !job.deps.has(before.id))
          return `#${job.id} forgot that it waits for #${before.id}`;
        if (after.some((on) => !job.deps.has(on))) return `#${job.id} forgot that its batch waits`;
      }
      return undefined;
    },
  );
}
