import { usageError } from "../cli-error.ts";

/**
 * A typed text as commands, each a list of words. Quotes keep spaces and line breaks together, a backslash takes the next character as it is
 * (inside single quotes nothing is special), and a line break ends a command.
 */
export function splitCommands(text: string): string[][] {
  const commands: string[][] = [];
  let words: string[] = [];
  let word: string | undefined;
  let quote: string | undefined;
  for (let index = 0; index < text.length; index++) {
    const character = text[index]!;
    if (quote !== undefined) {
      if (character === quote) quote = undefined;
      else if (character === "\\" && quote === '"' && /["\\]/.test(text[index + 1] ?? "")) word += text[++index]!;
      else word += character;
    } else if (character === '"' || character === "'") {
      quote = character;
      word ??= "";
    } else if (character === "\\" && index + 1 < text.length) {
      word = (word ?? "") + text[++index]!;
    } else if (/\s/.test(character)) {
      if (word !== undefined) words.push(word);
      word = undefined;
      if (character === "\n" && words.length > 0) {
        commands.push(words);
        words = [];
      }
    } else word = (word ?? "") + character;
  }
  if (quote !== undefined) throw usageError(`A quote (${quote}) is not closed.`);
  if (word !== undefined) words.push(word);
  if (words.length > 0) commands.push(words);
  return commands;
}

/** The words typed so far, for completion: an open quote is fine, and the last word is what is being typed (maybe ""). */
export function wordsSoFar(text: string): string[] {
  const line = text.slice(text.lastIndexOf("\n") + 1);
  const words = line.split(/\s+/);
  return words[0] === "" ? words.slice(1) : words;
}
