/** Scores as CSV: what a reader of RFC 4180 gets. The reader here is a few lines of its own. */
import { readFile } from 'node:fs/promises';
import { gunzipSync } from 'node:zlib';
import { expect, it } from 'vitest';
import { convertScores, csvToParquet } from '../../../lib/table/candidates/scores-format.ts';
import { workplace } from '../fixture.ts';

const place = workplace();

/** Fields of each record: `null` for an empty field without quotes. */
function recordsOf(text: string): (string | null)[][] {
  const records: (string | null)[][] = [[]];
  for (const [, quoted, plain, end] of text.matchAll(/(?:"((?:[^"]|"")*)"|([^",\n]*))(,|\n|$)/g)) {
    records.at(-1)?.push(quoted === undefined ? plain || null : quoted.replaceAll('""', '"'));
    if (end === '\n') records.push([]);
    if (end === '') break;
  }
  return records.slice(0, -1);
}

/** Numbers whose shortest texts are not obvious, as bits of float32. */
const BITS = [0x3dcccccd, 1, 0x00800000, 0x3f7fffff, 0x33d6bf95, 0x80000000, 0x7f7fffff, 0x3eaaaaab, 0x2edbe6ff];
const FLOATS = new Float32Array(Uint32Array.from(BITS).buffer);
const DOUBLES = [0.1, 5e-324, 1 / 3, -0, 1.7976931348623157e308, 2 ** 53 + 2, 1e-7, 123456789.12345679, 1e22];
const TEXTS = ['a', '', null, 'a,b', 'say "no"', 'two\nlines', ' padded ', 'NULL', 'naïve 日本'];

it.each(['csv', 'csv.gz'] as const)('has every value, and numbers of the same bits: %s', async (format) => {
  const rows = FLOATS.length;
  const values = Array.from({ length: rows }, (_, i) => {
    const text = TEXTS[i];
    const sql = text === null ? 'NULL' : `'${text}'`;
    const number = (value: number | undefined) => (Object.is(value, -0) ? '-0.0' : String(value));
    return `(${i}::BIGINT, ${sql}::VARCHAR, '${number(FLOATS[i])}'::FLOAT, '${number(DOUBLES[i])}'::DOUBLE)`;
  });
  const from = await place.write(
    `scores-${format}.parquet`,
    `SELECT * FROM (VALUES ${values.join(', ')}) AS t("id", "the ""text""", pctr, score)`,
  );
  const to = place.at(`scores.${format}`);
  await convertScores(place.database, from, to, format);
  const bytes = await readFile(to);
  const [header, ...records] = recordsOf((format === 'csv' ? bytes : gunzipSync(bytes)).toString('utf8'));
  expect(header).toEqual(['id', 'the "text"', 'pctr', 'score']);
  expect(records.map(([id, text]) => [id, text])).toEqual(TEXTS.map((text, i) => [String(i), text]));
  const floats = Float32Array.from(records, ([, , pctr]) => Number(pctr));
  expect([...new Uint32Array(floats.buffer)]).toEqual(BITS);
  expect(records.map(([, , , score]) => Number(score))).toEqual(DOUBLES);
  const back = place.at(`back-${format}.parquet`);
  await csvToParquet(place.database, to, back);
  const read = await place.read(back);
  expect(read.map((row) => Object.values(row))).toEqual(records);
});

it('has a header where no row is scored', async () => {
  const from = await place.write('none.parquet', 'SELECT 1 AS id, 0.5::FLOAT AS pctr WHERE false');
  await convertScores(place.database, from, place.at('none.csv'), 'csv');
  expect(await readFile(place.at('none.csv'), 'utf8')).toBe('id,pctr\n');
});
