import { fileURLToPath } from 'node:url';
import { DuckDBInstance } from '@duckdb/node-api';
import { describe, expect, it } from 'vitest';
import { readDeclaration } from '../../lib/config/parse-declaration.ts';
import { featureColumns } from '../../lib/table/kinds/index.ts';

const folder = fileURLToPath(new URL('../../examples/hillstrom/', import.meta.url));

async function query(sql: string): Promise<readonly unknown[]> {
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  const reader = await connection.runAndReadAll(sql.replace('LOG', `'${folder}hillstrom.parquet'`));
  const rows = reader.getRowObjectsJson();
  connection.closeSync();
  instance.closeSync();
  return rows;
}

describe('hillstrom.parquet', () => {
  it('has the counts that its README states', async () => {
    const counts = `
      SELECT count(*)::INTEGER AS rows, sum(visit)::INTEGER AS visits, sum(conversion)::INTEGER AS conversions,
        count(*) FILTER (conversion = 1 AND visit = 0)::INTEGER AS conversions_without_visit,
        count(*) FILTER ((spend > 0) <> (conversion = 1))::INTEGER AS spend_without_conversion,
        round(100 * avg(visit), 2) AS visit_percent, round(100 * avg(conversion), 2) AS conversion_percent
      FROM LOG`;
    expect(await query(counts)).toEqual([
      {
        rows: 64_000,
        visits: 9_394,
        conversions: 578,
        conversions_without_visit: 0,
        spend_without_conversion: 0,
        visit_percent: 14.68,
        conversion_percent: 0.9,
      },
    ]);
  });

  it('numbers the rows in the order of the published file', async () => {
    const rows = await query(
      'SELECT row, recency, history_segment, history, channel, segment FROM LOG WHERE row < 2 ORDER BY row',
    );
    expect(rows).toEqual([
      {
        row: '0',
        recency: 10,
        history_segment: '2) $100 - $200',
        history: 142.44,
        channel: 'Phone',
        segment: 'Womens E-Mail',
      },
      {
        row: '1',
        recency: 6,
        history_segment: '3) $200 - $350',
        history: 329.08,
        channel: 'Web',
        segment: 'No E-Mail',
      },
    ]);
    expect(await query('SELECT min(row) AS first, max(row) AS last, count(DISTINCT row) AS rows FROM LOG')).toEqual([
      { first: '0', last: '63999', rows: '64000' },
    ]);
  });

  it('keeps commas in quoted values', async () => {
    const highest = 'SELECT DISTINCT history_segment FROM LOG WHERE history >= 750 ORDER BY 1';
    expect(await query(highest)).toEqual([{ history_segment: '6) $750 - $1,000' }, { history_segment: '7) $1,000 +' }]);
  });

  it('has every column that the declaration names', async () => {
    const { declaration } = await readDeclaration(`${folder}entirespace.yaml`);
    const rows = await query('DESCRIBE SELECT * FROM LOG');
    const columns = rows.map((row) => (row as { readonly column_name: string }).column_name);
    const { log, stages, features } = declaration;
    const named = [
      ...log.keys,
      ...log.outcomes,
      ...stages.map(({ label }) => label),
      ...features.flatMap(featureColumns).map(({ column }) => column),
    ];
    expect(new Set(columns)).toEqual(new Set(named));
  });
});

describe('entirespace.yaml', () => {
  it('declares the funnel of visits and conversions, with half of the rows for testing', async () => {
    const { declaration } = await readDeclaration(`${folder}entirespace.yaml`);
    expect(declaration.name).toBe('hillstrom');
    expect(declaration.stages.map(({ name, label, from }) => ({ name, label, from }))).toEqual([
      { name: 'click', label: 'visit', from: ['impression'] },
      { name: 'conversion', label: 'conversion', from: ['click'] },
    ]);
    expect(declaration.roles).toEqual({ impression: 'impression', click: 'click', conversion: 'conversion' });
    expect(declaration.split).toEqual({ by: 'hash', columns: ['row'], seed: 1, validation: 0.1, test: 0.5 });
    expect(declaration.features.map(({ name }) => name)).toEqual([
      'recency',
      'history_segment',
      'history',
      'mens',
      'womens',
      'zip_code',
      'newbie',
      'channel',
      'segment',
    ]);
  });
});
