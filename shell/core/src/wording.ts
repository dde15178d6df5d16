// How numbers and times read. Pure; every interface uses these, so that the same thing has the same words everywhere.

const UNITS = [
  ["day", 86_400_000],
  ["hour", 3_600_000],
  ["minute", 60_000],
  ["second", 1000],
] as const;

/** `1 job`, `2 jobs`. */
export function count(n: number, noun: string, plural = `${noun}s`): string {
  return `${n} ${n === 1 ? noun : plural}`;
}

/** A length of time in its largest unit: "3 minutes", "1 hour"; "less than a second" under one. Milliseconds. */
export function durationText(ms: number): string {
  for (const [unit, size] of UNITS) {
    const rounded = Math.round(ms / size);
    if (rounded >= 1 && ms >= size * 0.95) return count(rounded, unit);
  }
  return "less than a second";
}

/** "just now", "2 minutes ago", "in 5 minutes". Milliseconds since the epoch. */
export function relativeTime(at: number, now: number): string {
  const past = now - at;
  if (Math.abs(past) < 1000) return "just now";
  return past > 0 ? `${durationText(past)} ago` : `in ${durationText(-past)}`;
}

/** A short clock for a line that is redrawn: "0:08", "12:40", "1:02:05". Milliseconds. */
export function elapsedText(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const two = (n: number) => String(n).padStart(2, "0");
  const minutes = Math.floor(seconds / 60);
  return minutes < 60
    ? `${minutes}:${two(seconds % 60)}`
    : `${Math.floor(minutes / 60)}:${two(minutes % 60)}:${two(seconds % 60)}`;
}

/** Whole percent, rounded, but 100 only when finished. Undefined where the total is unknown or nothing. */
export function percentOf(current: number, total: number | undefined): number | undefined {
  if (total === undefined || !(total > 0) || !Number.isFinite(current)) return undefined;
  if (current >= total) return 100;
  return Math.max(0, Math.min(99, Math.round((current / total) * 100)));
}

/** `8/12 sections (67%)`, `8 sections`, `8/12 (67%)`. */
export function progressText(progress: {
  readonly current: number;
  readonly total?: number | undefined;
  readonly unit?: string | undefined;
}): string {
  const unit = progress.unit === undefined ? "" : ` ${progress.unit}`;
  const percent = percentOf(progress.current, progress.total);
  if (percent === undefined) return `${progress.current}${unit}`;
  return `${progress.current}/${progress.total}${unit} (${percent}%)`;
}

/** `#12`, `#12 and #13`, `#12, #13 and 4 more`. */
export function numbersText(numbers: readonly number[], most = 5): string {
  const shown = numbers.slice(0, most).map((number) => `#${number}`);
  const hidden = numbers.length - shown.length;
  if (hidden > 0) return `${shown.join(", ")} and ${hidden} more`;
  return shown.length < 2 ? shown.join("") : `${shown.slice(0, -1).join(", ")} and ${shown.at(-1)}`;
}

/** Whose turn it is when work waits for a decision: a model can neither decide nor hasten it. */
export function whereToDecide(requests: readonly number[]): string {
  const [first] = requests;
  const how = first === undefined ? "brains status" : `brains approve ${first}`;
  return `A person decides ${requests.length === 0 ? "it" : numbersText(requests)}, at the prompt of brains or with \`${how}\` in a terminal. It goes on by itself after that, so there is no need to look again before.`;
}

/** One line, cut at `most` characters with an ellipsis. */
export function oneLine(text: string, most = 120): string {
  const line = text.replaceAll(/\s+/g, " ").trim();
  return line.length <= most ? line : `${line.slice(0, most - 1)}…`;
}
