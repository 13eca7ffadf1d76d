/** One table as other people's writers write it: the same encoded rows. `test/fixtures/writers/write.py` made the files. */
import { readdirSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { legacyLists } from './legacy-lists.ts';
import { differences, FIXTURES } from './logical-table.ts';
import { readings } from './readings.ts';

const { place, logRows, candidateRows } = readings();

const ENTRIES = readdirSync(FIXTURES, { withFileTypes: true });
const FILES = ENTRIES.map(({ name }) => name).filter((name) => /^(?!refused).*\.(parquet|csv|csv\.gz)$/.test(name));
const FOLDERS = ENTRIES.filter((entry) => entry.isDirectory()).map(({ name }) => name);

describe('the table has the same encoded rows', () => {
  it.each(FILES.sort())('as a log and as candidates: %s', async (name) => {
    expect(differences(await logRows(FIXTURES + name))).toEqual([]);
    expect(differences(await candidateRows(FIXTURES + name))).toEqual([]);
  });

  it.each(FOLDERS)('as a log in a folder: %s', async (name) => {
    expect(differences(await logRows(FIXTURES + name))).toEqual([]);
  });

  it.each([
    ['two levels, as Avro and old Spark write them', 'pyarrow-required-lists.parquet', 'array'],
    ['two levels, as Thrift writes them', 'pyarrow-required-lists.parquet', 'tuple'],
    ['three levels, as Hive writes them', 'pyarrow-none.parquet', 'bag'],
  ] as const)('with lists of %s', async (_, name, kind) => {
    const path = join(place.at(''), `${kind}.parquet`);
    await writeFile(path, legacyLists(await readFile(FIXTURES + name), kind));
    expect(differences(await logRows(path))).toEqual([]);
    expect(differences(await candidateRows(path))).toEqual([]);
  });
});

describe('the table is refused by name, and not misread', () => {
  it.each([
    [
      'refused-decimal-256.parquet',
      'columns of a wrong type: price is a decimal of 50 digits, expected a single value: write it as a number or as text',
    ],
    [
      'refused-split.parquet',
      'refused-split.parquet cannot be read: BYTE_STREAM_SPLIT encoding is only supported for FLOAT or DOUBLE data',
    ],
  ])('%s', async (name, message) => {
    for (const read of [logRows, candidateRows])
      await expect(read(FIXTURES + name)).rejects.toMatchObject({
        name: 'DataError',
        message: expect.stringContaining(message),
      });
  });
});
