/** Logs as people have them go from their file to scored rows by three commands alone. */
import { mkdir } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { workplace } from '../../bin/workplace.ts';

const place = workplace();

/** Rows by users and items of whom some click and buy more than others. */
const rows = (columns: string, clicked: string, bought: string) =>
  `SELECT ${columns}, ${clicked}, ${bought} FROM (SELECT i, u, m, random < click AS c, random < click / 3 AS b FROM (
    SELECT i, u, m, hash(i) / 18446744073709551616.0 AS random, 1 / (1 + exp(1.5 - (u % 3) - (m % 4) / 2)) AS click FROM (
      SELECT i, (hash(i * 3) % 400)::INTEGER AS u, (hash(i * 7) % 150)::INTEGER AS m FROM range(12000) AS r(i))))`;

const LOGS: Readonly<Record<string, string>> = {
  'camel.parquet': rows(
    `i AS eventId, 1750000000000 + i * 60000 AS eventTime, 'u-' || u AS userId, 'sku-' || m AS productId, m % 9 + 0.5 AS price,
     CASE WHEN c THEN i % 90 + 1 ELSE 0 END AS dwellSeconds, u % 3 AS p_group`,
    'c AS isClicked',
    'b AS isPurchased',
  ),
  'excel.csv': rows(
    `u AS "Customer ID", m AS Product, strftime(DATE '2026-01-01' + (i // 200)::INTEGER, '%Y-%m-%d') AS Datum, replace((m % 9 + 0.5)::VARCHAR, '.', ',') AS Preis`,
    "CASE WHEN c THEN 'Y' ELSE 'N' END AS Clicked",
    "CASE WHEN b THEN 'Y' ELSE 'N' END AS Bought",
  ),
  'bags.parquet': rows(
    `u AS user_id, m AS item_id, ['a|b', 'b', 'a|c', 'c|d|a'][m % 4 + 1] AS tags, [(m + 1) % 150, (m + 2) % 150] AS last_items, i % 5 + 1 AS position`,
    'c::INTEGER AS clk',
    'b::INTEGER AS pay',
  ),
  'clicks.parquet': rows('u AS user_id, m AS item_id, u % 3 AS plan', 'c::INTEGER AS label', '1 AS shop'),
};

describe('what init writes', () => {
  it.each(Object.keys(LOGS))('trains and scores as it is: %s', async (name) => {
    await place.writeRows(name, LOGS[name] as string);
    const folder = name.replace(/\..*/, '');
    await mkdir(place.at(folder));
    const file = `${folder}/entirespace.yaml`;
    expect(await place.run('init', name, '--out', file)).toMatchObject({ code: 0, stderr: '' });
    const trained = await place.run('train', file, '--data', name, '-b', `${folder}/bucket`);
    expect(trained).toMatchObject({ code: 0 });
    const scored = await place.run('score', name, '-b', `${folder}/bucket`);
    expect(scored).toMatchObject({ code: 0, stdout: expect.stringContaining('12,000 rows scored, 0 rejected') });
  });
});
