/**
 * Logs whose conversions depend on a user's history and the candidate in a known way, as CSV: `row`, `history` (items
 * separated by `|`, the oldest first), `item`, `clicked`, `bought`. Half of the rows are clicked, whatever they hold. A
 * clicked row that matches is bought with the probability `MATCH`, any other with one of the candidate's category.
 */
import { randomStream } from '../../lib/numbers/random.ts';

const MATCH = 0.85;
const CATEGORIES = 6;
/** Items of a category. */
const ITEMS = 2;
const otherwise = (category: number) => 0.02 + 0.06 * category;

/** A generated log. */
export interface SequenceLog {
  readonly csv: string;
  /** AUC, on the clicked rows, of the true probability of a purchase, and of that given the candidate alone. */
  readonly auc: { readonly true: number; readonly candidate: number };
}

interface Row {
  /** Categories of the history, the oldest first. */
  readonly history: readonly number[];
  /** Category of the candidate. */
  readonly candidate: number;
  readonly isMatch: boolean;
}

/** Items of a history in the log of the order. */
const LENGTH = 3;

/**
 * A log in which only the order tells: a row matches if the last item of the history is of the candidate's category. The
 * categories of a history differ, and the candidate's is any of them: the set of the items says nothing.
 */
export function orderLog(seed: number, rows: number): SequenceLog {
  return sequenceLog(seed, rows, 1 / LENGTH, (draw) => {
    const history = shuffled(draw).slice(0, LENGTH);
    const candidate = history[Math.floor(draw() * LENGTH)] as number;
    return { history, candidate, isMatch: history.at(-1) === candidate };
  });
}

/** A log in which similarity tells: a row matches if any of three items of the history is of the candidate's category. */
export function similarityLog(seed: number, rows: number): SequenceLog {
  return sequenceLog(seed, rows, 3 / CATEGORIES, (draw) => {
    const history = shuffled(draw).slice(0, 3);
    const candidate = Math.floor(draw() * CATEGORIES);
    return { history, candidate, isMatch: history.includes(candidate) };
  });
}

/** @param matches share of the rows that match, whatever the candidate */
function sequenceLog(seed: number, rows: number, matches: number, rowOf: (draw: () => number) => Row): SequenceLog {
  const random = randomStream(seed, 'sequences');
  let at = 0;
  const draw = () => random.uniform(at++);
  const itemOf = (category: number) => `i${category * ITEMS + Math.floor(draw() * ITEMS)}`;
  const lines = ['row,history,item,clicked,bought'];
  const clickedRows: { readonly full: number; readonly candidate: number; readonly bought: number }[] = [];
  for (let row = 0; row < rows; row++) {
    const { history, candidate, isMatch } = rowOf(draw);
    const other = otherwise(candidate);
    const probability = isMatch ? MATCH : other;
    const clicked = Number(draw() < 0.5);
    const bought = Number(clicked === 1 && draw() < probability);
    if (clicked === 1)
      clickedRows.push({ full: probability, candidate: matches * MATCH + (1 - matches) * other, bought });
    lines.push([row, history.map(itemOf).join('|'), itemOf(candidate), clicked, bought].join(','));
  }
  const aucBy = (score: 'full' | 'candidate') => aucOf(clickedRows.map((row) => [row[score], row.bought]));
  return { csv: `${lines.join('\n')}\n`, auc: { true: aucBy('full'), candidate: aucBy('candidate') } };
}

/** AUC of scores of few different values, with ties. */
function aucOf(rows: readonly (readonly [score: number, label: number])[]): number {
  const scores = [...new Set(rows.map(([score]) => score))].sort((a, b) => a - b);
  const count = (score: number, label: number) => rows.filter(([own, is]) => own === score && is === label).length;
  let [won, below] = [0, 0];
  for (const score of scores) {
    won += count(score, 1) * (below + count(score, 0) / 2);
    below += count(score, 0);
  }
  return won / (below * rows.reduce((sum, [, label]) => sum + label, 0));
}

/** Returns the categories in a random order. */
function shuffled(draw: () => number): number[] {
  const categories = Array.from({ length: CATEGORIES }, (_, i) => i);
  for (let i = categories.length - 1; i > 0; i--) {
    const j = Math.floor(draw() * (i + 1));
    [categories[i], categories[j]] = [categories[j] as number, categories[i] as number];
  }
  return categories;
}
