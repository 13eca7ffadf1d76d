import * as z from 'zod';
import { text } from '../value-schemas.ts';
import { camelKeys } from './camel-keys.ts';

const CHARACTER = 'one ASCII character';
const MARK = `${CHARACTER}, or null for none`;
const HEADER = 'true, false or a list of column names, each once';
const ENCODING = 'an encoding such as utf-8, utf-16le, windows-1252 or shift_jis';

/** The texts that stand for a missing value unless the declaration has others. */
const NULL_VALUES = ['NULL', 'null', 'Null', 'NaN', 'nan', '-nan', 'None', '\\N', 'NA', 'N/A', '<NA>', 'NaT'] as const;

const mark = z.union([character(MARK), z.null()], MARK).optional();

/** Schema of the section `csv`. */
export const csv = z
  .strictObject({
    delimiter: character(CHARACTER)
      .optional()
      .describe('Character between two fields. Default: detected in each file.'),
    quote: mark.describe(
      'Character around fields that contain delimiters, quotes or line ends; null for none. Default: detected.',
    ),
    escape: mark.describe(
      'Character before a quote inside a quoted field: the quote itself, or a backslash. Default: detected.',
    ),
    header: z
      .union([z.boolean(), z.array(text(HEADER), HEADER).min(1, HEADER).refine(isUnique, HEADER)], HEADER)
      .default(true)
      .describe('Whether the first line has the names of the columns. A list: the names of files without such a line.'),
    encoding: text(ENCODING)
      .refine(isEncoding, ENCODING)
      .optional()
      .describe('Encoding of the text. Default: UTF-8, or what a byte order mark says.'),
    decimal: z.enum(['.', ',']).default('.').describe('Decimal mark of numbers in text.'),
    null_values: z
      .array(z.string('a text'), 'a list of texts')
      .default([...NULL_VALUES])
      .describe('Texts that stand for a missing value, besides the empty one; also in text columns of Parquet.'),
  })
  .transform(camelKeys)
  .prefault({})
  .describe('How CSV files are written, and what their texts mean. What is not declared is detected in each file.');

/** How CSV files are written, and what their texts mean. What is absent is detected in each file. */
export interface CsvChoice extends z.output<typeof csv> {}

/** The section of a declaration without one: everything is detected. */
export const CSV_DEFAULTS: CsvChoice = csv.parse(undefined);

function character(expected: string) {
  return z
    .string(expected)
    .min(1, expected)
    .refine((value) => characterOf(value) !== null, expected)
    .transform((value) => characterOf(value) ?? value);
}

/** Returns an ASCII character, also from its escape `\t` or `\x01`, which YAML reads in double quotes only. */
function characterOf(value: string): string | null {
  const hex = /^\\x([0-7][0-9A-Fa-f])$/.exec(value)?.[1];
  const one = hex === undefined ? value.replace(/^\\t$/, '\t') : String.fromCharCode(Number.parseInt(hex, 16));
  return one.length === 1 && one > '\0' && one <= '\x7f' && one !== '\n' && one !== '\r' ? one : null;
}

function isUnique(names: readonly string[]): boolean {
  return new Set(names).size === names.length;
}

function isEncoding(label: string): boolean {
  try {
    new TextDecoder(label);
    return true;
  } catch {
    return false;
  }
}
