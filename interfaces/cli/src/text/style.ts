export type Paint = (text: string) => string;
export type Tone = "bold" | "dim" | "red" | "green" | "yellow" | "blue" | "cyan";
/** Colours, or the same text unchanged where there is no colour. */
export type Style = { readonly [K in Tone]: Paint };

const CODES: { readonly [K in Tone]: readonly [number, number] } = {
  bold: [1, 22],
  dim: [2, 22],
  red: [31, 39],
  green: [32, 39],
  yellow: [33, 39],
  blue: [34, 39],
  cyan: [36, 39],
};

/** `colour` false gives functions that change nothing. */
export function createStyle(colour: boolean): Style {
  const paint = (tone: Tone): Paint => {
    const [on, off] = CODES[tone];
    return colour ? (text) => (text === "" ? "" : `\u001B[${on}m${text}\u001B[${off}m`) : (text) => text;
  };
  return {
    bold: paint("bold"),
    dim: paint("dim"),
    red: paint("red"),
    green: paint("green"),
    yellow: paint("yellow"),
    blue: paint("blue"),
    cyan: paint("cyan"),
  };
}

/** Whether to colour: `--no-color`, `NO_COLOR` and `TERM=dumb` say no, `FORCE_COLOR` says yes, else only a terminal gets colour. */
export function wantsColour(
  env: Readonly<Record<string, string | undefined>>,
  terminal: boolean,
  flag: boolean | undefined,
): boolean {
  if (flag === false || (env.NO_COLOR ?? "") !== "") return false;
  if ((env.FORCE_COLOR ?? "") !== "" && env.FORCE_COLOR !== "0") return true;
  return terminal && env.TERM !== "dumb";
}
