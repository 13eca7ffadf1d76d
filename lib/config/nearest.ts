/**
 * Returns the candidate that a mistyped word most likely means: the one with the fewest edits, if there is no more than
 * one edit for every three of its letters (always at least one). `undefined` if there is none.
 */
export function nearest(word: string, candidates: readonly string[]): string | undefined {
  const [best] = candidates
    .map((candidate) => ({ candidate, edits: editDistance(word, candidate) }))
    .filter(
      ({ candidate, edits }) => edits < candidate.length && edits <= Math.max(1, Math.floor(candidate.length / 3)),
    )
    .sort((a, b) => a.edits - b.edits);
  return best?.candidate;
}

/** Returns the Levenshtein distance, in which two neighbouring letters that changed places count as one edit. */
function editDistance(a: string, b: string): number {
  const rows: number[][] = [Array.from({ length: b.length + 1 }, (_, j) => j)];
  const at = (i: number, j: number): number => rows[i]?.[j] ?? Number.POSITIVE_INFINITY;
  for (let i = 1; i <= a.length; i++) {
    rows.push([i]);
    for (let j = 1; j <= b.length; j++) {
      const replaced = at(i - 1, j - 1) + (a[i - 1] === b[j - 1] ? 0 : 1);
      const swapped = a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1] ? at(i - 2, j - 2) + 1 : Number.POSITIVE_INFINITY;
      rows[i]?.push(Math.min(replaced, swapped, at(i - 1, j) + 1, at(i, j - 1) + 1));
    }
  }
  return at(a.length, b.length);
}
