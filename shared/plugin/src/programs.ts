// Foreign programs inside jobs: what a plugin asks for, and what it is told. The shell runs them.
import type { JobContext } from "@brains/job-queue/handler";

/** A program to run inside a job: an executable and its arguments, never a line for a shell. */
export interface ProgramRequest {
  /** A name that is looked up on the brain's PATH, or a path; a relative one starts at `cwd`. */
  readonly command: string;
  readonly args?: readonly string[] | undefined;
  /** Absolute, or relative to the brain's folder, which is the default. */
  readonly cwd?: string | undefined;
  /** Names of variables that it gets besides the harmless ones. Their values stand in the brain's config. */
  readonly env?: readonly string[] | undefined;
  /** Its whole standard input. Default: it is open, and gets what is sent to the job. */
  readonly stdin?: string | undefined;
  /** Why it is to run, in the words of whoever asks. */
  readonly description?: string | undefined;
  /** `code` is written by whoever asks, so that its file says nothing about what it does. Default `command`. */
  readonly kind?: "command" | "code" | undefined;
  /** Code as text, which the card shows and the approval binds; the program itself only runs it. */
  readonly source?: string | undefined;
  /** What holds it besides its process tree. Absent: nothing, it may do whatever its user may. */
  readonly sandbox?: ProgramSandbox | undefined;
  /** More files that decide what it does, bound by content like script files among the arguments. */
  readonly files?: readonly string[] | undefined;
  /** Whoever asked for it may send it input without another approval; the card says so. Default false. */
  readonly requesterMaySendInput?: boolean | undefined;
}

/** `quickjs`: an interpreter without any access. `bwrap`: a read-only system, the named folders writable, no network unless asked. */
export type ProgramSandbox =
  | { readonly kind: "quickjs" }
  | {
      readonly kind: "bwrap";
      readonly write?: readonly string[] | undefined;
      readonly network?: boolean | undefined;
      /** A folder in the plugin's `dataDir`, writable as well. It is the plugin's business: the policy does not look at it. */
      readonly own?: string | undefined;
      /** Folders of the plugin's own code: readable even where they lie in the temporary folder, which is empty otherwise. */
      readonly code?: readonly string[] | undefined;
    };

/** How a program ended by itself. A time-out, a cancel or too much output end the job instead, so nobody sees them here. */
export interface ProgramEnding {
  /** Its exit code, or null where a signal ended it. */
  readonly code: number | null;
  readonly signal: string | null;
  readonly durationMs: number;
  /** What it wrote to both streams, in bytes. */
  readonly outputBytes: number;
  /** The end of what it wrote, at most 4 KiB, without terminal control sequences. */
  readonly tail: string;
}

/** What the brain's policy says of a program before it runs. */
export interface ProgramJudgement {
  readonly outcome: "allow" | "approve" | "deny";
  /** The rule that decided, by its name or its place in the policy. */
  readonly rule: string;
  /** 0 (harmless) to 100. */
  readonly risk: number;
  readonly reasons: readonly string[];
  /** The real path of what would run. */
  readonly executable: string;
  readonly cwd: string;
}

/** A rule of the brain's policy, as it holds at this moment. */
export interface ProgramRule {
  readonly name: string;
  readonly outcome: "allow" | "approve" | "deny";
  /** Real paths. Absent: any program. */
  readonly executables?: readonly string[] | undefined;
  /** It names programs, and none of them is here. */
  readonly missing: boolean;
  /** Patterns of the whole argv, of which one has to match. Absent: any arguments. */
  readonly arguments?: readonly string[] | undefined;
  /** Where the program may work and what its arguments may name. Absent: anywhere that programs may work. */
  readonly folders?: readonly string[] | undefined;
  readonly env?: readonly string[] | undefined;
  readonly kind?: "command" | "code" | undefined;
  readonly sandbox?: "none" | "quickjs" | "bwrap" | undefined;
  readonly inline: boolean;
}

/** What may run here. The first rule that matches decides. */
export interface ProgramPolicy {
  readonly rules: readonly ProgramRule[];
  /** Risks from which a person is asked and from which it is refused, whatever a rule says; above 100: never. */
  readonly thresholds: { readonly approve: number; readonly deny: number };
  /** Folders that programs may work in. */
  readonly folders: readonly string[];
  /** Names of variables that a program may be given. */
  readonly env: readonly string[];
}

/** What a running job of a plugin can do: all of a job's context, and programs. */
export interface RunningJob extends JobContext {
  /**
   * Runs a program in a process tree of its own: by the brain's policy, after a person's approval where that asks for one, with its output in the
   * job's log and what is sent to the job as its input. It is stopped, all of it, when the job is cancelled, times out or loses its worker. Throws
   * POLICY_DENIED, PROGRAM_NOT_FOUND, PROGRAM_FOLDER, PROGRAM_ENVIRONMENT.
   */
  runProgram(request: ProgramRequest): Promise<ProgramEnding>;
}

/** Programs, outside of a job. */
export interface Programs {
  /** What the policy says, with the same refusals as `runProgram`; nothing runs. */
  judge(request: ProgramRequest): Promise<ProgramJudgement>;
  /** All that the policy says, for people and models to read; it cannot be changed from here. */
  policy(): Promise<ProgramPolicy>;
}
