/** A declaration, an encoder and candidates, for the tests of this folder. */
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

/** A declaration with a feature of every kind but crosses. */
export const declaration = declare(
  [category('item'), number('price'), bag('tags', { delimiter: ' ' }), category('position', { atScoring: 1 })],
  {
    log: { ...LOG_DEFAULTS, keys: ['user_id', 'item'] },
  },
);

/** A database and folder, with an encoder for candidates. */
export interface CandidateWorkplace {
  readonly place: Workplace;
  /** The encoder, which is fitted before the first test. */
  readonly encoder: Encoder;
  /** Plans a file, under the name `options.name` if that is given. */
  planOf(path: string, options: PlanOptions & { readonly name?: string }): Promise<CandidatePlan>;
}

/** Creates a database and a folder, and fits an encoder, before the tests of a file. */
export function candidateWorkplace(): CandidateWorkplace {
  const place = workplace({ threads: 2 });
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

/** Returns the SQL of that many candidates. */
export const many = (rows: number) =>
  `SELECT 'u' || i AS user_id, CASE WHEN i % 3 = 0 THEN 'a' ELSE 'z' || i END AS item, i::DOUBLE AS price, 'x' AS tags, i % 4 AS position FROM range(${rows}) t(i)`;
