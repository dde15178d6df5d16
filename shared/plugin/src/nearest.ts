/** The name that a misspelt one most likely meant, or undefined when none is near. Its beginning counts as near; of several, the shortest. */
export function nearest(name: string, known: Iterable<string>): string | undefined {
  const wanted = plain(name);
  let best: string | undefined;
  let least = Math.max(1, Math.floor(wanted.length / 3)) + 1;
  let begun: string | undefined;
  for (const candidate of known) {
    const found = plain(candidate);
    if (wanted.length >= 2 && found.startsWith(wanted) && !(begun !== undefined && begun.length <= candidate.length))
      begun = candidate;
    const steps = distance(wanted, found);
    if (steps < least) [best, least] = [candidate, steps];
  }
  return begun ?? best;
}

/** ` Did you mean "plugins"?`, or nothing; to be put behind a sentence. */
export function didYouMean(name: string, known: Iterable<string>): string {
  const found = nearest(name, known);
  return found === undefined ? "" : ` Did you mean "${found}"?`;
}

// Case and separators are not what people get wrong on purpose: dry-run, dry_run and dryRun are the same to them.
function plain(name: string): string {
  return name.toLowerCase().replaceAll(/[-_\s]/g, "");
}

/** Insertions, deletions, replacements and swaps of neighbours. */
function distance(a: string, b: string): number {
  let before: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      let cost = Math.min(at(last, j) + 1, at(row, j - 1) + 1, at(last, j - 1) + (same ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        cost = Math.min(cost, at(before, j - 2) + 1);
      row.push(cost);
    }
    [before, last] = [last, row];
  }
  return at(last, b.length);
}

function at(row: readonly number[], index: number): number {
  return row[index] ?? Number.POSITIVE_INFINITY;
}
