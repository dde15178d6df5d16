import { failJob } from "@brains/plugin";
import { SiteError } from "../errors.ts";

/** What this plugin refuses would be refused again: the job fails at once, with code, file and line. Anything else may pass, and is tried again. */
export async function failing<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof SiteError)) throw error;
    throw failJob(error.message, { code: error.code, data: error.data, cause: error });
  }
}
