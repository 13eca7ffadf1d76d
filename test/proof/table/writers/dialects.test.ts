/** One table as CSV in every dialect: the same encoded rows. */
import { writeFile } from 'node:fs/promises';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { COLUMNS, differences, ROWS, valueAt } from './logical-table.ts';
import { readings } from './readings.ts';

const { place, logRows, candidateRows } = readings();

/** How the table is written; what is left out is as in RFC 4180, quoted where that is needed. */
interface Dialect {
  readonly delimiter?: string;
  readonly quoting?: 'needed' | 'all' | 'text';
  readonly escape?: '"' | '\\';
  readonly newline?: string;
  readonly mark?: string;
  readonly missing?: string;
  readonly booleans?: readonly [string, string];
  readonly isGzip?: boolean;
  readonly hasNoEnd?: boolean;
  readonly encoding?: BufferEncoding;
}

const ALL = ['row', ...COLUMNS, 'click', 'conversion', 'part'];

function csv({
  delimiter = ',',
  quoting = 'needed',
  escape: before = '"',
  newline = '\n',
  mark = '',
  missing = '',
  ...more
}: Dialect): Buffer {
  const [yes, no] = more.booleans ?? ['true', 'false'];
  const field = (value: unknown): string => {
    if (value === null) return missing;
    if (typeof value === 'boolean') return value ? yes : no;
    if (typeof value === 'number') return quoting === 'all' ? `"${numberText(value)}"` : numberText(value);
    const text = Array.isArray(value) ? value.map((item) => item ?? '').join('|') : String(value);
    const isQuoted = quoting !== 'needed' || text === '' || /["\n\r]/.test(text) || text.includes(delimiter);
    return isQuoted ? `"${text.replaceAll('"', `${before}"`)}"` : text;
  };
  const rows = Array.from({ length: ROWS }, (_, row) => ALL.map((name) => field(valueAt(name, row))).join(delimiter));
  const text = `${mark}${[ALL.map(field).join(delimiter), ...rows].join(newline)}${more.hasNoEnd ? '' : newline}`;
  const bytes = Buffer.from(text, more.encoding);
  return more.isGzip ? gzipSync(bytes) : bytes;
}

/** A number in exponent form where JavaScript would write it otherwise than Python. */
function numberText(value: number): string {
  return Object.is(value, -0) ? '-0.0' : Math.abs(value) >= 1e16 ? value.toExponential() : String(value);
}

const DIALECTS: Readonly<Record<string, Dialect>> = {
  commas: {},
  semicolons: { delimiter: ';' },
  tabs: { delimiter: '\t' },
  bars: { delimiter: '|' },
  CRLF: { newline: '\r\n' },
  'a byte order mark': { mark: '\ufeff' },
  'a byte order mark and CRLF': { mark: '\ufeff', newline: '\r\n', delimiter: ';' },
  'everything quoted': { quoting: 'all' },
  'all text quoted': { quoting: 'text', delimiter: '\t' },
  'backslashes before quotes': { escape: '\\' },
  'backslashes and everything quoted': { escape: '\\', quoting: 'all', delimiter: ';' },
  'no line end at the end': { hasNoEnd: true },
  gzip: { isGzip: true },
  'gzip, CRLF and tabs': { isGzip: true, newline: '\r\n', delimiter: '\t' },
  'True and False': { booleans: ['True', 'False'] },
  'TRUE and FALSE': { booleans: ['TRUE', 'FALSE'] },
  '1 and 0': { booleans: ['1', '0'] },
  ...Object.fromEntries(
    ['NULL', 'null', 'NaN', 'nan', '-nan', 'None', '\\N', 'NA', 'N/A', '<NA>', 'NaT', ' '].map((missing) => [
      `${JSON.stringify(missing)} for missing`,
      { missing },
    ]),
  ),
};

describe('the table has the same encoded rows in CSV', () => {
  it.each(Object.keys(DIALECTS))('with %s', async (name) => {
    const dialect = DIALECTS[name] ?? {};
    const path = place.at(`table.csv${dialect.isGzip ? '.gz' : ''}`);
    await writeFile(path, csv(dialect));
    expect(differences(await logRows(path))).toEqual([]);
    expect(differences(await candidateRows(path))).toEqual([]);
  });
});
