/** The outcomes of more rows than DuckDB keeps in one piece, held against the encoded rows. */
import { describe, expect, it } from 'vitest';
import { readOutcomes } from '../../../lib/table/check/outcomes.ts';
import { PARTS } from '../../../lib/table/encoded.ts';
import { declare, encodeAll, LOG_DEFAULTS, openLog, stage, workplace } from '../../table/fixture.ts';

const place = workplace({ threads: 2 });

describe('labels and weights', () => {
  it('are those of the encoded rows', async () => {
    const sql = `SELECT i AS row, i % 2 AS click, i % 4 // 3 AS conversion, ['train', 'test'][1 + i // 3 % 2] AS part,
      TIMESTAMP '2026-05-01' + to_seconds(i) AS ts, 1 / (1 + i % 3) AS rate FROM range(200000) t(i)`;
    const declaration = declare([], {
      log: { ...LOG_DEFAULTS, time: 'ts', kept: { column: 'rate' } },
      stages: [stage('click', ['impression']), stage('conversion', ['click'], { withinMs: 600_000 })],
    });
    const path = await place.write('many.parquet', sql);
    const log = await openLog(place, path, declaration);
    const chunk = await encodeAll(place, path, declaration);
    const outcomes = await readOutcomes(place.database, log, PARTS);
    expect(outcomes).toMatchObject({ rows: 200_000, labels: chunk.labels, weight: chunk.weight });
    const test = await readOutcomes(place.database, log, ['test']);
    expect(test.rows).toBe(99_999);
    expect(test.labels.conversion).toEqual(chunk.labels.conversion?.filter((_, row) => Math.floor(row / 3) % 2 === 1));
  });
});
