/** Finds columns that have one weight for each value of a bag beside them. */
import type { Database } from '../../table/database.ts';
import type { ColumnFacts } from '../../table/profile/column-facts.ts';
import type { ListFacts } from '../../table/profile/list-facts.ts';
import type { LogSample } from '../../table/profile/log-sample.ts';
import { sameLengths } from '../../table/profile/relations.ts';
import { isWeights, wordsOf } from '../names.ts';

/** Columns of weights by the columns of their bags. */
export type BagWeights = ReadonlyMap<string, string>;

/** Share of the rows with as many weights as values. */
const EQUAL = 0.999;

interface Several {
  readonly column: ColumnFacts;
  readonly facts: ListFacts;
}

/**
 * Finds weights: numbers of which every row has as many as the bag has values, written with the same delimiter. Where all
 * rows have as many, or no number has a fraction, only the name tells weights from a bag or vector of its own.
 */
export async function findWeights(
  database: Database,
  sample: LogSample,
  columns: readonly ColumnFacts[],
): Promise<BagWeights> {
  const several = columns.flatMap((column): Several[] =>
    column.delimiters.flatMap((facts) => (facts.longest >= 2 && facts.items > 0 ? [{ column, facts }] : [])),
  );
  const found = new Map<string, string>();
  for (const weights of several.filter(couldWeigh)) {
    const bags = several
      .filter((bag) => fits(bag, weights) && !found.has(bag.column.name))
      .toSorted((a, b) => commonWords(b, weights) - commonWords(a, weights));
    for (const bag of bags) {
      const { delimiter } = weights.facts;
      if ((await sameLengths(database, sample, bag.column, weights.column, delimiter)) < EQUAL) continue;
      found.set(bag.column.name, weights.column.name);
      break;
    }
  }
  return found;
}

function couldWeigh({ column: { name }, facts }: Several): boolean {
  const { items, numbers, fractions, negatives, shortest, longest } = facts;
  const isClear = fractions > 0 && shortest < longest;
  return numbers === items && negatives === 0 && (isClear || isWeights(name));
}

function fits({ column, facts }: Several, weights: Several): boolean {
  const isSame =
    facts.delimiter === weights.facts.delimiter && (column.kind === 'list') === (weights.column.kind === 'list');
  return isSame && column.name !== weights.column.name && facts.fractions === 0 && !isWeights(column.name);
}

function commonWords(bag: Several, weights: Several): number {
  const words = wordsOf(weights.column.name);
  return wordsOf(bag.column.name).filter((word) => words.includes(word)).length;
}
