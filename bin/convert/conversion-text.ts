/** A converted data set, as text and as JSON. */
import { basename } from 'node:path';
import type { Conversion } from '../../lib/convert/ali-ccp/convert.ts';
import { FIELDS, nameOf } from '../../lib/convert/ali-ccp/fields.ts';
import { problemText } from '../../lib/convert/ali-ccp/problems.ts';
import type { FileFacts } from '../../lib/convert/ali-ccp/read-dump.ts';
import { count, countOf, percent } from '../../lib/numbers/text.ts';

/** Rows and labels of each part, and what was left out of each file, a line each. */
export function formatConversion({ counts, files, read }: Conversion, out: string): string {
  const parts = Object.entries(counts).filter(([, { rows }]) => rows > 0);
  const rows = parts.reduce((sum, [, part]) => sum + part.rows, 0);
  return [
    ...parts.map(([name, part]) => {
      const clicks = `${countOf(part.clicks, 'click')} (${percent(part.clicks / part.rows)})`;
      return `${name}: ${countOf(part.rows, 'row')}, ${clicks}, ${countOf(part.purchases, 'purchase')}`;
    }),
    ...read.flatMap((facts) => leftOut(facts).map((line) => `${basename(facts.file)}: ${line}`)),
    ...(counts.test.rows === 0 ? ['no files of the test part: the log has no test rows'] : []),
    `${countOf(rows, 'row')} in ${countOf(files, 'file')} -> ${out}`,
  ].join('\n');
}

export function conversionJson({ counts, files, read }: Conversion) {
  return {
    parts: counts,
    files,
    read: read.map((facts) => ({
      file: facts.file,
      lines: facts.lines,
      left_out: facts.problems.list(),
      other_fields: byName([...facts.otherFields].map(([code, features]) => [nameOf(code), features])),
      values_not_kept: byName(FIELDS.map(({ name }, field) => [name, facts.dropped[field] ?? 0])),
      ends_with_a_line_end: !facts.endsOpen,
    })),
  };
}

function leftOut({ problems, otherFields, dropped, endsOpen }: FileFacts): string[] {
  const fields = FIELDS.flatMap(({ name }, field) => (dropped[field] ? [`${name} ${count(dropped[field])}`] : []));
  return [
    ...problems.list().map(problemText),
    ...[...otherFields].map(
      ([code, features]) => `${countOf(features, 'feature')} of field ${nameOf(code)}, none of the 23, left out`,
    ),
    ...(fields.length === 0 ? [] : [`values of smaller weight not kept: ${fields.join(', ')}`]),
    ...(endsOpen ? ['the last line has no line end: if it is cut off, rows after it are missing'] : []),
  ];
}

function byName(counts: readonly (readonly [string, number])[]): Record<string, number> {
  return Object.fromEntries(counts.filter(([, value]) => value > 0));
}
