/** Names of files and columns that mean something else somewhere. */
import type { Random } from './random.ts';

const PIECES = [
  '[1]',
  '*',
  '?',
  '{a,b}',
  '#',
  '%2F',
  '%',
  "'",
  '"',
  ';',
  ' ',
  '+',
  '&',
  '=',
  '$x',
  '`',
  '~',
  '(1)',
  '@',
  '!',
];
const LETTERS = [
  '\u00e9',
  'e\u0301',
  '\u4e2d',
  '\u{1f600}',
  '\\',
  '\n',
  '\t',
  '\u202e',
  '..',
  '-',
  '_',
  '.',
  'a',
  'B1',
  ':',
  '<',
  '|',
];

/** Returns the name of a file, and names of others that it would match if it were a pattern or were decoded. */
export function hostileName(
  random: Random,
  ending: string,
): { readonly name: string; readonly decoys: readonly string[] } {
  const stem = Array.from({ length: random.between(1, 6) }, () =>
    random.pick(random.chance(0.6) ? PIECES : LETTERS),
  ).join('');
  const name = `${random.pick(['', 'a', 'a', '.', '_', '-'])}${stem}.${ending}`;
  const matched = name.replaceAll('[1]', '1').replaceAll('*', 'xyz').replaceAll('?', 'q').replaceAll('{a,b}', 'a');
  const decoded = name.replaceAll('%2F', '-').replaceAll('+', ' ');
  return { name, decoys: [...new Set([matched, decoded])].filter((decoy) => decoy !== name && !/^[._]/.test(decoy)) };
}

const COLUMNS = [
  'file_row_number',
  'filename',
  'file_index',
  '#row',
  '#malformed',
  '#malformed_value',
  '#part',
  '#weight',
  '#time',
  '#label0',
  '#text0',
  '#order',
  '#unknown_user',
  'rowid',
  'pctr_old',
  'reason',
  'value',
  'column0',
  'select',
  'order',
  'a"b',
  "a'b",
  'a;b',
  'a,b',
  '#ROW',
  ' ',
  'Row',
  'ROW ',
  'AGE',
  'x'.repeat(300),
  '\u00e9',
  '\u{1f600}',
  'a\nb',
  '*',
  'COLUMNS(*)',
  '__index_level_0__',
  'rows',
  'scores',
  'constructor',
  '__proto__',
  '%',
  '{}',
  'NULL',
  '1',
  'true',
];

/** Returns some names of columns, none of which is there already. */
export function hostileColumns(random: Random, present: readonly string[]): string[] {
  const names = random.shuffle(COLUMNS).slice(0, random.between(1, 4));
  return names.filter((name) => !present.includes(name));
}
