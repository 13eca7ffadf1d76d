import { readFile, writeFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import type { CsvChoice } from '../../../../lib/config/declaration.ts';
import { CSV_DEFAULTS } from '../../../../lib/config/sections/csv.ts';
import { query } from '../../../../lib/table/database.ts';
import { openSource } from '../../../../lib/table/source/source.ts';
import { workplace } from '../../fixture.ts';

interface Case {
  readonly name: string;
  readonly encoding: string;
  readonly csv: Partial<CsvChoice>;
  /** The file in base 64. */
  readonly content: string;
  readonly rows: readonly (readonly string[])[];
}

// Tables of hostile values as Python's csv module writes them; see csv_dialects.py.
const reference = new URL('../../reference/csv_dialects.json', import.meta.url);
const cases: readonly Case[] = JSON.parse(await readFile(reference, 'utf8'));
const place = workplace();

async function read(csv: Partial<CsvChoice>, content: string, name: string) {
  const path = place.at(`${name.replaceAll(/\W/g, '_')}.csv`);
  await writeFile(path, Buffer.from(content, 'base64'));
  const { relation } = await openSource(place.database, path, { csv: { ...CSV_DEFAULTS, ...csv } });
  const columns = relation.columns.map(({ sql }) => `COALESCE(${sql}, '')`).join(', ');
  const rows = await query(
    place.database,
    `SELECT [${columns}] AS fields, "#malformed" AS fault FROM ${relation.from} ORDER BY "#row"`,
  );
  return rows.map(({ fields, fault }) => (fault === null ? fields : fault));
}

/** Dialects that their files show, whatever the values are. */
const DETECTED = ['doubled', 'doubled, all in quotes', 'single, all in quotes'];

describe('a table in every dialect', () => {
  it.each([...new Set(cases.map(({ name }) => name))])('of Python, %s', async (name) => {
    const own = cases.filter((one) => one.name === name);
    expect(own.length).toBe(10);
    for (const { csv, content, rows } of own) {
      expect(await read(csv, content, name)).toEqual(rows);
      if (DETECTED.includes(name)) expect(await read({}, content, name)).toEqual(rows);
    }
  });
});
