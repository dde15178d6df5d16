// What a person sees of a program before deciding: the details of its request.
import type { Origin } from "@brains/job-queue/handler";
import type { ProgramJudgement, ProgramSandbox } from "@brains/plugin";
import { Redactor } from "@brains/process";
import type { BoundFile } from "./bound-files.ts";
import type { Binding, BoundParts } from "./digest.ts";

/** `details` of a request about a program. */
export interface ProgramCard {
  readonly card: "program";
  /** The exact command: what was asked for, and each argument. Nothing of it is read by a shell. */
  readonly argv: readonly string[];
  readonly executable: BoundFile;
  readonly cwd: string;
  /** Names of variables that it gets besides the harmless ones. */
  readonly env: readonly string[];
  readonly kind: "command" | "code";
  readonly description?: string | undefined;
  readonly stdin?: ShownText | undefined;
  readonly source?: ShownText | undefined;
  readonly sandbox?: ProgramSandbox | undefined;
  /** Bound by content, or as they say otherwise. */
  readonly files: readonly BoundFile[];
  readonly risk: number;
  readonly reasons: readonly string[];
  readonly rule: string;
  readonly askedBy: { readonly principal: string; readonly interface?: string | undefined; readonly plugin: string };
  /** Whoever asked may send it input without another approval. */
  readonly requesterMaySendInput: boolean;
  /** What was sent before this was asked, and will be read by the program. */
  readonly earlyInput?: (ShownText & { readonly from: readonly string[] }) | undefined;
  /** Why an earlier approval does not hold. */
  readonly changed?: readonly string[] | undefined;
  /** For telling what changed; hashes. */
  readonly bound: BoundParts;
}

/** A text, as much of it as is shown. */
export interface ShownText {
  readonly text: string;
  readonly characters: number;
  readonly cut: boolean;
}

const SHOWN = 64 * 1024;
/** Code is what is decided about, so more of it is shown. */
const SHOWN_SOURCE = 256 * 1024;

export function programCard(
  binding: Binding,
  judgement: ProgramJudgement,
  origin: Origin | undefined,
  bound: BoundParts,
  changed: readonly string[] | undefined,
): ProgramCard {
  const { program, executable, files, plugin, earlyInput } = binding;
  const { request } = program;
  const redactor = new Redactor(program.secrets);
  const show = (text: string) => redactor.text(text);
  return {
    card: "program",
    argv: [request.command, ...program.args].map(show),
    executable,
    cwd: program.cwd,
    env: program.envNames,
    kind: program.kind,
    description: request.description === undefined ? undefined : show(request.description),
    stdin: shown(request.stdin, show),
    source: shown(request.source, show, SHOWN_SOURCE),
    sandbox: request.sandbox,
    files,
    risk: judgement.risk,
    reasons: judgement.reasons,
    rule: judgement.rule,
    askedBy: { principal: origin?.principal ?? `plugin:${plugin}`, interface: origin?.interface, plugin },
    requesterMaySendInput: request.requesterMaySendInput === true,
    earlyInput: earlyInput && {
      text: show(earlyInput.text),
      characters: earlyInput.characters,
      cut: earlyInput.characters > earlyInput.text.length,
      from: earlyInput.senders,
    },
    changed,
    bound,
  };
}

function shown(text: string | undefined, show: (text: string) => string, limit = SHOWN): ShownText | undefined {
  if (text === undefined) return undefined;
  return { text: show(text).slice(0, limit), characters: text.length, cut: text.length > limit };
}
