import type { AppPort, AppSession, BrainOptions, StreamPorts } from "./app-port.ts";
import type { ExitCode } from "./exit-codes.ts";
import type { Output } from "./output.ts";

/** What a command gets besides its words. */
export interface CommandContext {
  readonly app: AppPort;
  readonly output: Output;
  readonly streams: StreamPorts;
  readonly brain: BrainOptions;
  /** The open brain; opened at the first call, closed by whoever runs the command. */
  session(options: { readonly plugins: boolean; readonly brain?: BrainOptions | undefined }): Promise<AppSession>;
  /**
   * Run something that Ctrl-C ends without harming a job: the signal is aborted, and `interrupted` tells it afterwards. `tells`: a job whose end
   * it tells itself, so that nobody else needs to.
   */
  interruptible<T>(
    work: (signal: AbortSignal) => Promise<T>,
    tells?: number,
  ): Promise<{ readonly value: T; readonly interrupted: boolean }>;
}

export type OptionValue = string | boolean | readonly string[] | undefined;
export interface CommandInput {
  readonly args: readonly string[];
  readonly options: Readonly<Record<string, OptionValue>>;
}

export type Action = (context: CommandContext, input: CommandInput) => Promise<ExitCode>;

export interface CommandSpec {
  readonly name: string;
  /** As commander writes it: `<id...>`, `[name]`. */
  readonly args?: string | undefined;
  readonly summary: string;
  readonly group: "Work" | "Look" | "Steer" | "Brain";
  readonly options?: readonly (readonly [flags: string, description: string])[] | undefined;
  readonly examples: readonly string[];
  /** Available at our own prompt as `/name`. */
  readonly prompt: boolean;
  /** Words after the first argument belong to the action as they are. */
  readonly passThrough?: boolean | undefined;
  /** Loaded when it is needed, so that `status` does not pay for `run`. */
  readonly load: () => Promise<Action>;
}

export function text(value: OptionValue): string | undefined {
  return typeof value === "string" ? value : undefined;
}
