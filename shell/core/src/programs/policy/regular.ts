// Regular expressions of the policy. Not the engine of JavaScript: arguments come from models, and there a pattern as common as (a+)+ can be made
// to run for years. This one takes a step per character and state, whatever the text is.

/** Longer than any pattern that a person still understands. */
const MAX_PATTERN = 500;
const MAX_STATES = 2000;

type Test = (code: number) => boolean;
type Node =
  | { readonly kind: "one"; readonly test: Test }
  | { readonly kind: "all"; readonly nodes: readonly Node[] }
  | { readonly kind: "any"; readonly nodes: readonly Node[] }
  | { readonly kind: "repeat"; readonly node: Node; readonly min: number; readonly max: number };
type State = { readonly test: Test; readonly next: number } | { readonly fork: readonly number[] };

/** Whether the whole text fits. */
export type Regular = (text: string) => boolean;

/** Throws an Error whose message says what of the pattern is not known here. */
export function compileRegular(pattern: string): Regular {
  if (pattern.length > MAX_PATTERN) throw new Error(`it is longer than ${MAX_PATTERN} characters`);
  const states: State[] = [];
  const end = -1;
  const start = build(new Parser(pattern).whole(), end);
  return (text) => {
    let current = new Set<number>();
    enter(start, current);
    for (const character of text) {
      const code = character.codePointAt(0)!;
      const next = new Set<number>();
      for (const at of current) {
        const state = states[at];
        if (state !== undefined && "test" in state && state.test(code)) enter(state.next, next);
      }
      if (next.size === 0) return false;
      current = next;
    }
    return current.has(end);
  };

  function enter(at: number, into: Set<number>): void {
    const open = [at];
    for (let one = open.pop(); one !== undefined; one = open.pop()) {
      if (into.has(one)) continue;
      into.add(one);
      const state = states[one];
      if (state !== undefined && "fork" in state) open.push(...state.fork);
    }
  }

  function add(state: State): number {
    if (states.length >= MAX_STATES) throw new Error("it repeats too much");
    return states.push(state) - 1;
  }

  function build(node: Node, next: number): number {
    if (node.kind === "one") return add({ test: node.test, next });
    if (node.kind === "all") return node.nodes.reduceRight((after, part) => build(part, after), next);
    if (node.kind === "any") return add({ fork: node.nodes.map((part) => build(part, next)) });
    let after = next;
    if (node.max === Infinity) {
      const fork: number[] = [next];
      after = add({ fork });
      fork.push(build(node.node, after));
    } else for (let n = node.min; n < node.max; n++) after = add({ fork: [next, build(node.node, after)] });
    for (let n = 0; n < node.min; n++) after = build(node.node, after);
    return after;
  }
}

const DIGIT: Test = (c) => c >= 48 && c <= 57;
const WORD: Test = (c) => DIGIT(c) || (c >= 65 && c <= 90) || (c >= 97 && c <= 122) || c === 95;
const SPACE: Test = (c) => c === 32 || (c >= 9 && c <= 13);
const CLASSES: Readonly<Record<string, Test>> = {
  d: DIGIT,
  w: WORD,
  s: SPACE,
  D: (c) => !DIGIT(c),
  W: (c) => !WORD(c),
  S: (c) => !SPACE(c),
};
const CONTROL: Readonly<Record<string, number>> = { n: 10, r: 13, t: 9 };

class Parser {
  readonly #text: string[];
  #at = 0;

  constructor(pattern: string) {
    this.#text = [...pattern];
  }

  whole(): Node {
    // The whole argument has to fit anyway, so the two anchors may stand there and say nothing.
    if (this.#text[0] === "^") this.#at = 1;
    if (this.#text.at(-1) === "$" && this.#text.at(-2) !== "\\") this.#text.pop();
    const node = this.#alternatives();
    if (this.#at < this.#text.length) throw new Error("a ) has no (");
    return node;
  }

  #alternatives(): Node {
    const nodes = [this.#sequence()];
    while (this.#take("|")) nodes.push(this.#sequence());
    return nodes.length === 1 ? nodes[0]! : { kind: "any", nodes };
  }

  #sequence(): Node {
    const nodes: Node[] = [];
    while (this.#at < this.#text.length && !"|)".includes(this.#text[this.#at]!)) nodes.push(this.#repeated());
    return { kind: "all", nodes };
  }

  #repeated(): Node {
    const node = this.#single();
    if (this.#take("*")) return { kind: "repeat", node, min: 0, max: Infinity };
    if (this.#take("+")) return { kind: "repeat", node, min: 1, max: Infinity };
    if (this.#take("?")) return { kind: "repeat", node, min: 0, max: 1 };
    if (!this.#take("{")) return node;
    const [, from, comma, to] = /^(\d{1,4})(,?)(\d{0,4})$/.exec(this.#until("}")) ?? [];
    if (from === undefined) throw new Error("a { begins no count like {2}, {2,} or {2,5}");
    const max = comma === "" ? Number(from) : to === "" ? Infinity : Number(to);
    if (max < Number(from)) throw new Error("a count ends before it begins");
    return { kind: "repeat", node, min: Number(from), max };
  }

  #single(): Node {
    const character = this.#next();
    if (character === "(") {
      if (this.#take("?") && !this.#take(":")) throw new Error("of the groups that begin with (? only (?: is known");
      const node = this.#alternatives();
      if (!this.#take(")")) throw new Error("a ( has no )");
      return node;
    }
    if (character === "[") return { kind: "one", test: this.#characters() };
    if (character === ".") return { kind: "one", test: (code) => code !== 10 && code !== 13 };
    if (character === "\\") return { kind: "one", test: testOf(this.#escaped()) };
    if ("*+?{}^$".includes(character))
      throw new Error(`a ${character} stands where it means nothing; write \\${character}`);
    return { kind: "one", test: testOf(character.codePointAt(0)!) };
  }

  #characters(): Test {
    const negative = this.#take("^");
    const tests: Test[] = [];
    while (!this.#take("]")) {
      const from = this.#member();
      if (typeof from === "number" && this.#text[this.#at] === "-" && this.#text[this.#at + 1] !== "]") {
        this.#at++;
        const to = this.#member();
        if (typeof to !== "number" || to < from) throw new Error("a range in [ ] ends before it begins");
        tests.push((code) => code >= from && code <= to);
      } else tests.push(testOf(from));
    }
    return (code) => tests.some((test) => test(code)) !== negative;
  }

  #member(): number | Test {
    const character = this.#next();
    return character === "\\" ? this.#escaped() : character.codePointAt(0)!;
  }

  #escaped(): number | Test {
    const character = this.#next();
    const known = CLASSES[character] ?? CONTROL[character];
    if (known !== undefined) return known;
    if (/[A-Za-z0-9]/.test(character)) throw new Error(`\\${character} is not known here`);
    return character.codePointAt(0)!;
  }

  #take(character: string): boolean {
    if (this.#text[this.#at] !== character) return false;
    this.#at++;
    return true;
  }

  #next(): string {
    const character = this.#text[this.#at++];
    if (character === undefined) throw new Error("it ends too early");
    return character;
  }

  #until(end: string): string {
    let text = "";
    for (let one = this.#next(); one !== end; one = this.#next()) text += one;
    return text;
  }
}

function testOf(what: number | Test): Test {
  return typeof what === "number" ? (code) => code === what : what;
}
