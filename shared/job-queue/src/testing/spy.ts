import type { JobInfo, JobState } from "../job.ts";
import type { JobQueue } from "../queue.ts";

export type Selector = string | number | ((job: JobInfo) => boolean);

/** Waits for jobs to reach a state; resolves at once if they are in it, or ended in it, already. */
export class JobSpy {
  readonly #queue: JobQueue;

  constructor(queue: JobQueue) {
    this.#queue = queue;
  }

  /** `selector`: a type, a number, an id, or a test of the job. Rejects when a job chosen by number or id ended in another state. */
  async waitFor(selector: Selector, state: JobState, options: { signal?: AbortSignal } = {}): Promise<JobInfo> {
    const matches = (job: JobInfo) =>
      typeof selector === "function"
        ? selector(job)
        : selector === job.type || selector === job.id || selector === job.number;
    return new Promise((resolve, reject) => {
      const off = this.#queue.events.on("job-progress", ({ job, state: then }) => {
        if (matches(job) && (then === state || job.state === state)) finish(job);
      });
      const aborted = () => {
        off();
        reject(options.signal?.reason as Error);
      };
      const finish = (job: JobInfo) => {
        off();
        options.signal?.removeEventListener("abort", aborted);
        resolve(job);
      };
      options.signal?.addEventListener("abort", aborted, { once: true });
      void this.#queue.service.list({ state, limit: 1_000 }).then(({ items }) => {
        const found = items.find(matches);
        if (found) finish(found);
      }, reject);
    });
  }
}
