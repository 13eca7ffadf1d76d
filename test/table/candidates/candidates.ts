/** Candidates with a feature of every kind, and an encoder for them, for the tests of this folder. */
import { beforeAll } from 'vitest';
import type { CandidatePlan, PlanOptions } from '../../../lib/table/candidates/plan.ts';
import { planCandidates } from '../../../lib/table/candidates/plan-file.ts';
import type { Encoder } from '../../../lib/table/encoder.ts';
import { fitEncoder } from '../../../lib/table/fit/fit-encoder.ts';
import { localCandidate } from '../../../lib/table/formats/candidate-file.ts';
import {
  bag,
  category,
  declare,
  LOG_DEFAULTS,
  number,
  openLog,
  rowsSql,
  type Workplace,
  workplace,
} from '../fixture.ts';

export const declaration = declare(
  [category('item'), number('price'), bag('tags', { delimiter: ' ' }), category('position', { atScoring: 1 })],
  {
    log: { ...LOG_DEFAULTS, keys: ['user_id', 'item'] },
  },
);

export interface CandidateWorkplace {
  readonly place: Workplace;
  /** Fitted before the first test. */
  readonly encoder: Encoder;
  /** Plans a file, under another name where one is given. */
  planOf(path: string, options: PlanOptions & { readonly name?: string }): Promise<CandidatePlan>;
}

export function candidateWorkplace(): CandidateWorkplace {
  const place = workplace();
  let encoder: Encoder;
  beforeAll(async () => {
    const rows = [
      "'u', 'a', 1.5, 'x y', 1, 1, 1, 'train'",
      "'u', 'b', 2.5, 'y', 2, 1, 0, 'train'",
      "'u', 'b', NULL, NULL, 1, 0, 0, 'train'",
    ];
    const path = await place.write(
      'train.parquet',
      rowsSql('user_id, item, price, tags, position, click, conversion, part', rows),
    );
    ({ encoder } = await fitEncoder(place.database, await openLog(place, path, declaration)));
  });
  return {
    place,
    get encoder() {
      return encoder;
    },
    planOf: async (path, { name = path, ...options }) =>
      planCandidates(place.database, await localCandidate(path, name), options),
  };
}

/** SQL of so many candidates. */
export const many = (rows: number) =>
  `SELECT 'u' || i AS user_id, CASE WHEN i % 3 = 0 THEN 'a' ELSE 'z' || i END AS item, i::DOUBLE AS price, 'x' AS tags, i % 4 AS position FROM range(${rows}) t(i)`;
