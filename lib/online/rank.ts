/** Ranks the scored rows of a request as files are ranked: within groups, the largest value first, and the best kept. */
import type { Declaration } from '../config/declaration.ts';
import { SCORE_COLUMN } from '../table/candidates/row-scores.ts';
import type { ScoredObjects } from './served-version.ts';

/** What a request may have other than it is declared. */
export interface RankChoice {
  /** An output, or `score`. @default `scoring.rank.by`; without it `score` where it is declared, otherwise `pctcvr` */
  readonly by?: string;
  /** Most rows of a group that are kept, `null` for all. @default `scoring.rank.top`, otherwise all */
  readonly top?: number | null;
}

/** By what rows are ranked, and how many of each group are kept. */
export interface Ranks {
  readonly by: string;
  readonly top: number | null;
}

/** A row that is kept, and its rank in its group, from 1. */
export interface RankedPosition {
  /** Position among the rows that have scores. */
  readonly index: number;
  readonly rank: number;
}

/** The output by which rows are ranked if neither the request nor the declaration has another. */
const RANKED_BY = 'pctcvr';

/**
 * Returns how a request is ranked.
 * @throws {RangeError} if `by` is no output, or `top` is no number of rows.
 */
export function ranksOf(
  { by: asked, top: most }: RankChoice,
  { scoring: { score, rank } }: Pick<Declaration, 'scoring'>,
  outputs: readonly string[],
): Ranks {
  const known = score === null ? outputs : [...outputs, SCORE_COLUMN];
  const by = asked ?? rank?.by ?? (score === null ? RANKED_BY : SCORE_COLUMN);
  if (!known.includes(by)) {
    const got = asked === undefined ? 'by is missing' : `by got ${asked}`;
    throw new RangeError(`${got}, expected one of ${known.join(', ')}`);
  }
  const top = most === undefined ? (rank?.top ?? null) : most;
  if (top !== null && !(Number.isSafeInteger(top) && top >= 1))
    throw new RangeError(`top got ${top}, expected a whole number of at least 1, or null for all`);
  return { by, top };
}

/**
 * Ranks rows: the largest value of a group has rank 1, and of equal ones the row that comes first. Returns those that are
 * kept, group by group in the order of the groups' first rows, the best first.
 */
export function rankedPositions(
  { outputs, score, groups, positions }: Pick<ScoredObjects, 'outputs' | 'score' | 'groups' | 'positions'>,
  { by, top }: Ranks,
): readonly RankedPosition[] {
  const values = (by === SCORE_COLUMN ? score : outputs[by]) ?? new Float64Array(0);
  const numberOf = (index: number) => values[index] as number;
  const members = new Map<string, number[]>();
  for (const index of positions.keys()) {
    const group = groups?.[index] ?? '';
    const known = members.get(group);
    if (known === undefined) members.set(group, [index]);
    else known.push(index);
  }
  return [...members.values()].flatMap((group) =>
    group
      .sort((a, b) => numberOf(b) - numberOf(a) || a - b)
      .slice(0, top ?? group.length)
      .map((index, place) => ({ index, rank: place + 1 })),
  );
}
