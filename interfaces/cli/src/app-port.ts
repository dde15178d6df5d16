import type { Caller } from "@brains/plugin";
import type { Shell } from "@brains/shell";

/** Which brain: as given on the command line. Without either, the app searches from `cwd` and falls back to the OS's data folder. */
export interface BrainOptions {
  /** The value of `--config`: a brains.yaml. */
  readonly config?: string | undefined;
  /** The value of `--home`: the folder of store, logs and content. */
  readonly home?: string | undefined;
  /** `--in-process`: whatever loads plugins runs their jobs itself, until it ends. Ignored by `worker` and by commands that only look. */
  readonly inProcess?: boolean | undefined;
  /** Where relative paths start and the search for brains.yaml begins. */
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

export interface OpenOptions extends BrainOptions {
  /** False: only the `shell:*` tools are there, and no plugin's code is loaded (status, jobs, logs and friends). */
  readonly plugins: boolean;
  /** How the calls of this session are marked: "cli" for one command, "repl" for the prompt. */
  readonly interface: "cli" | "repl";
}

/** An open brain. `close` is called exactly once, and leaves every job as it is. */
export interface AppSession {
  readonly shell: Shell;
  /** Who is at this terminal: the local user, as admin. */
  readonly caller: Caller;
  readonly brain: { readonly name: string; readonly dir: string; readonly home: string; readonly storePath: string };
  /** Things to tell the person once, e.g. a plugin that did not load. */
  readonly warnings?: readonly string[] | undefined;
  /** Make sure a worker of this brain is alive; called after anything that may have made a job runnable. `newer`: it runs newer code than this session. */
  ensureWorker(): Promise<{ readonly pid: number; readonly started: boolean; readonly newer: boolean }>;
  close(): Promise<void>;
}

export interface StreamPorts {
  readonly stdin: NodeJS.ReadableStream;
  readonly stdout: NodeJS.WritableStream;
  readonly stderr: NodeJS.WritableStream;
}

export interface InitReport {
  readonly dir: string;
  /** Paths relative to `dir`, in the order they were written. */
  readonly created: readonly string[];
  /** Commands to try next, e.g. `brains run hello --name you`. */
  readonly next: readonly string[];
}

/** How MCP is served over HTTP. */
export interface McpHttpOptions {
  readonly host?: string | undefined;
  /** 0 takes any that is free. */
  readonly port: number;
  /** Names besides the loopback ones under which clients ask for it. */
  readonly names: readonly string[];
  /** Listen on an address that other machines reach. */
  readonly allowRemote: boolean;
  readonly signal: AbortSignal;
  readonly onReady: (ready: { readonly url: string; readonly tokenFile: string }) => void;
}

/** What connects an MCP client to a brain. */
export interface McpInstallReport {
  /** The client's file. */
  readonly file: string;
  /** What is added to it, without the token. */
  readonly shown: string;
  readonly holdsToken: boolean;
  /** Where the token is kept; absent where none is needed. */
  readonly tokenFile?: string | undefined;
  /** What to do so that the client reads it. */
  readonly afterwards: string;
  /** Adds it to the file. `backup`: where the file before is kept. */
  write(): Promise<{ readonly changed: boolean; readonly backup?: string | undefined }>;
}

/** What became of the workers that were asked to stop, by pid. */
export interface StopReport {
  readonly stopped: readonly number[];
  /** Stopping, with jobs that have not ended. */
  readonly stillRunning: readonly number[];
  /** Alive, and without any sign of having heard. */
  readonly notAnswering: readonly number[];
}

/** One thing that the doctor looked at. */
export interface DoctorFinding {
  readonly check: string;
  readonly level: "ok" | "warn" | "error";
  readonly message: string;
  /** What to do about it. */
  readonly next?: string | undefined;
}

export interface DoctorReport {
  /** Nothing is an error. */
  readonly healthy: boolean;
  /** The store's file; absent where the config does not say which. */
  readonly store?: string | undefined;
  readonly findings: readonly DoctorFinding[];
}

export interface BackupReport {
  readonly path: string;
  readonly bytes: number;
  readonly milliseconds: number;
}

export interface SalvageReport {
  readonly path: string;
  readonly jobs: number;
  readonly batches: number;
  /** Numbers of jobs of which a part could not be read. */
  readonly lost: readonly number[];
  /** Jobs that ran or asked, and start anew. */
  readonly requeued: number;
  readonly damaged: readonly { readonly id: number; readonly what: "input" | "result"; readonly active: boolean }[];
  /** Tables, and how many of their keys could not be read. */
  readonly unreadable: Readonly<Record<string, number>>;
}

/** What `npm start` shows: tools to call, each after the one before, in the example brain. */
export interface DemoPlan {
  readonly brain: Pick<BrainOptions, "config" | "home">;
  /** Lines printed first. */
  readonly intro: readonly string[];
  readonly steps: readonly { readonly tool: string; readonly input: Readonly<Record<string, unknown>> }[];
  /** Lines printed when every step has completed, e.g. the folder of the built site. `results` are the steps' results. */
  closing(session: AppSession, results: readonly unknown[]): readonly string[] | Promise<readonly string[]>;
}

/**
 * What only the composition root knows. All methods throw coded errors (branded `@brains/error`).
 * `open` with `plugins: true` on an untrusted folder throws `UNTRUSTED` with `data: { dir }`: on a terminal the command line then asks, calls `trust` and opens again.
 */
export interface AppPort {
  readonly version: string;
  open(options: OpenOptions): Promise<AppSession>;
  /** Run jobs until `signal` is aborted or nothing is left to do. Resolves to an exit code. `onReady` reports the process once it claims jobs. */
  runWorker(
    options: BrainOptions & {
      readonly signal: AbortSignal;
      readonly onReady?: ((worker: { readonly pid: number; readonly home: string }) => void) | undefined;
    },
  ): Promise<number>;
  /** Ask every worker of the brain to stop and wait for it. `timeout` in milliseconds. */
  stopWorker(options: BrainOptions & { readonly timeout?: number | undefined }): Promise<StopReport>;
  /** `allowCode`: code runs with all rights of the user without asking. */
  init(options: {
    readonly dir: string;
    readonly cwd: string;
    readonly env: BrainOptions["env"];
    readonly allowCode: boolean;
  }): Promise<InitReport>;
  /** Trust a folder, so that the plugin files of its brain may run. `dir` may be relative to `cwd`. */
  trust(options: {
    readonly dir: string;
    readonly cwd: string;
    readonly env: BrainOptions["env"];
  }): Promise<{ readonly dir: string; readonly already: boolean }>;
  /** Look at config, plugins and store without changing anything. */
  doctor(options: BrainOptions): Promise<DoctorReport>;
  /** Copy the store while others work on it. `file` may be relative to `cwd`; nothing is overwritten. */
  backup(options: BrainOptions, file: string): Promise<BackupReport>;
  /** Read what can be read of a damaged store into a new one. `file` as for a backup. */
  salvage(options: BrainOptions, file: string): Promise<SalvageReport>;
  /** Serve MCP until stdin ends. Nothing but protocol goes to stdout. With `http`: over HTTP, until `signal` is aborted. */
  serveMcp(options: BrainOptions & StreamPorts & { readonly http?: McpHttpOptions | undefined }): Promise<number>;
  /** How an MCP client is connected; nothing is written before `write`. `http`: the port of a server over HTTP. */
  planMcpInstall(
    options: BrainOptions & { readonly client: string; readonly name: string; readonly http?: number | undefined },
  ): Promise<McpInstallReport>;
  demo(options: BrainOptions): Promise<DemoPlan>;
}
