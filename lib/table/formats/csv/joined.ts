/** Tells quotes that join several records from those around a text with line breaks. */
import type { Writing } from './grammar.ts';

/** Lines, and fields in each of them, that are not by chance records of their own. */
const LEAST_LINES = 4;
const LEAST_FIELDS = 4;
const BACKSLASH = 92;

/**
 * Whether the lines of a record are records of their own if quotes are ordinary characters. A text with line breaks is
 * so by chance, too; but not if its quote stands alone between two delimiters, or if it has several lines.
 */
export function joinsLines(record: Buffer, fields: number, { delimiter, quote, lineEnd }: Writing): boolean {
  if (quote === null || fields < LEAST_FIELDS - 1) return false;
  const mark = delimiter.charCodeAt(0);
  const lines = linesOf(record, lineEnd === 'cr' ? 13 : 10);
  const [first] = lines;
  if (first === undefined || !haveFields(first, fields, mark)) return false;
  const isAlone = first.includes(delimiter + quote + delimiter) || first.toString('latin1', 0, 2) === quote + delimiter;
  if (!isAlone && (lines.length < LEAST_LINES || fields < LEAST_FIELDS)) return false;
  return lines.every((line) => haveFields(line, fields, mark));
}

/** Whether a line has this number of fields, with delimiters after a backslash or without them. */
function haveFields(line: Buffer, fields: number, delimiter: number): boolean {
  let [all, escaped] = [1, 0];
  for (let at = line.indexOf(delimiter); at >= 0; at = line.indexOf(delimiter, at + 1)) {
    all += 1;
    if (line[at - 1] === BACKSLASH) escaped += 1;
  }
  return all === fields || all - escaped === fields;
}

function linesOf(record: Buffer, lineEnd: number): Buffer[] {
  const lines: Buffer[] = [];
  for (let from = 0; from <= record.length; ) {
    const found = record.indexOf(lineEnd, from);
    const to = found < 0 ? record.length : found;
    lines.push(record.subarray(from, to));
    from = to + 1;
  }
  return lines;
}
