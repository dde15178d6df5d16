// From the text of a brains.yaml to a config, or to problems with their lines.
import type { core } from "zod";
import type { Document, LineCounter } from "yaml";
import { BrainsError, messageOf } from "../errors.ts";
import { pathText } from "../field-problems.ts";
import { issueText } from "../issue-text.ts";
import { didYouMean } from "@brains/plugin/nearest";
import { configSchema } from "./schema.ts";
import type { BrainConfig } from "./schema.ts";

type Yaml = typeof import("yaml");

/** Checks everything and reports all problems at once, each as `file:line: what is wrong`. YAML data only: no tags, no code. */
export async function parseConfig(text: string, file: string): Promise<BrainConfig> {
  // Loaded here: most commands of a folder without a config never need it.
  const yaml = await import("yaml");
  const lines = new yaml.LineCounter();
  const document = yaml.parseDocument(text, {
    lineCounter: lines,
    prettyErrors: false,
    uniqueKeys: true,
    logLevel: "silent",
  });
  const broken = [...document.errors, ...document.warnings];
  if (broken.length > 0) {
    throw invalid(broken.map((error) => `${file}:${lines.linePos(error.pos[0]).line}: ${error.message}`));
  }
  const parsed = configSchema.safeParse(dataOf(document, file));
  if (parsed.success) return parsed.data;
  throw invalid(parsed.error.issues.flatMap((issue) => problemsOf(issue, new Places(yaml, document, lines), file)));
}

function dataOf(document: Document, file: string): unknown {
  try {
    return document.toJS({ maxAliasCount: 100 }) ?? {};
  } catch (error) {
    throw invalid([`${file}: ${messageOf(error)}`]);
  }
}

function problemsOf(issue: core.$ZodIssue, places: Places, file: string): string[] {
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => {
      const known = keysAt(issue.path);
      const hint = didYouMean(key, known) || ` The keys are: ${known.join(", ")}.`;
      return `${file}:${places.lineOfKey(issue.path, key)}: unknown key "${pathText([...issue.path, key])}".${hint}`;
    });
  }
  const at = issue.path.length === 0 ? "" : `${pathText(issue.path)}: `;
  return [`${file}:${places.lineOf(issue.path)}: ${at}${issueText(issue)}`];
}

/** The keys that the schema allows at a path. */
function keysAt(path: readonly PropertyKey[]): string[] {
  let at: unknown = configSchema;
  for (const part of path) {
    const def = plainDef(at);
    at = typeof part === "number" ? def.element : def.shape?.[String(part)];
  }
  return Object.keys(plainDef(at).shape ?? {});
}

interface Def {
  readonly type?: string;
  readonly shape?: Readonly<Record<string, unknown>>;
  readonly element?: unknown;
  readonly innerType?: unknown;
  readonly out?: unknown;
}

/** The definition below defaults and preprocessing. */
function plainDef(schema: unknown): Def {
  const def = (schema as { def?: Def } | undefined)?.def ?? {};
  const inner = def.innerType ?? def.out;
  return inner === undefined ? def : plainDef(inner);
}

/** Where things stand in the text. */
class Places {
  readonly #yaml: Yaml;
  readonly #document: Document;
  readonly #lines: LineCounter;

  constructor(yaml: Yaml, document: Document, lines: LineCounter) {
    this.#yaml = yaml;
    this.#document = document;
    this.#lines = lines;
  }

  /** Of a value, or of the nearest thing around it that is there. */
  lineOf(path: readonly PropertyKey[]): number {
    for (let length = path.length; length > 0; length--) {
      const node = this.#document.getIn(path.slice(0, length), true);
      if (this.#yaml.isNode(node) && node.range) return this.#line(node.range[0]);
    }
    return 1;
  }

  lineOfKey(path: readonly PropertyKey[], key: string): number {
    const map = path.length === 0 ? this.#document.contents : this.#document.getIn([...path], true);
    const pair = this.#yaml.isMap(map)
      ? map.items.find((item) => this.#yaml.isScalar(item.key) && item.key.value === key)
      : undefined;
    return this.#yaml.isScalar(pair?.key) && pair.key.range ? this.#line(pair.key.range[0]) : this.lineOf(path);
  }

  #line(offset: number): number {
    return this.#lines.linePos(offset).line;
  }
}

function invalid(problems: readonly string[]): BrainsError {
  return new BrainsError(
    "CONFIG_INVALID",
    `The config is not valid.\n${problems.map((line) => `  ${line}`).join("\n")}`,
    {
      data: { problems },
    },
  );
}
