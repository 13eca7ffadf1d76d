import { describe, expect, it } from 'vitest';
import { bag, category, declare, number, openLog, rowsSql, workplace } from '../fixture.ts';

const place = workplace();
const COLUMNS = 'row, click, conversion, part, city, age, tags';

async function notesOf(
  name: string,
  values: readonly string[],
  features = [category('city'), number('age'), bag('tags', { delimiter: ',' })],
) {
  const rows = values.map((value, row) => `'r${row}', 0, 0, 'train', ${value}`);
  return (await openLog(place, await place.write(name, rowsSql(COLUMNS, rows)), declare(features))).notes;
}

describe('the notes on a log', () => {
  it.each(['csv', 'parquet'])('tell which texts are read as missing, by column: %s', async (extension) => {
    const values = ["'NA', '1', 'a'", "' NULL', 'nan', 'a'", "'NA', NULL, 'a'", "'', '2', 'a'", "'Oslo', '2', 'a'"];
    expect(await notesOf(`nulls.${extension}`, values)).toEqual([
      'city: 3 of 5 values are read as missing, as they are NA, NULL (csv.null_values)',
      'age: 1 of 5 values are read as missing, as they are nan (csv.null_values)',
    ]);
  });

  it('name lists in brackets', async () => {
    const values = [`'Oslo', 1, '[''a'', ''b'']'`, `'Oslo', 1, ' [c]'`, `'Oslo', 1, 'd,e'`, `'Oslo', 1, NULL`];
    expect(await notesOf('written.csv', values)).toEqual([
      `tags: 2 of 4 values are read as lists in brackets, such as " [c]"`,
    ]);
  });

  it('are none where nothing is out of the ordinary', async () => {
    expect(await notesOf('plain.csv', ["'Oslo', 1, 'a,b'", "NULL, NULL, ''"])).toEqual([]);
  });
});

describe('a bag of floating numbers', () => {
  it('is refused if they are measurements', async () => {
    const features = [bag('tags')];
    const written = notesOf('vector.parquet', ["'Oslo', 1, [0.25, 0.5]", "'Oslo', 1, [1.0, 0.125]"], features);
    await expect(written).rejects.toMatchObject({
      code: 'column_types',
      message:
        'log columns of a wrong type: tags is DECIMAL(4,3)[], and 75% of its numbers are fractions such as 0.125, expected ids: ' +
        `a bag has an embedding for each value; numbers of a fixed length are a feature of type vector (in ${place.at('vector.parquet')})`,
    });
  });

  it('is read if they are ids, as a list of integers with missing values is in many tools', async () => {
    expect(
      await notesOf('ids.parquet', ["'Oslo', 1, [1.0, 'NaN'::DOUBLE]", "'Oslo', 1, [2.0]"], [bag('tags')]),
    ).toEqual([]);
  });
});
