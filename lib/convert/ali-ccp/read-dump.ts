/** Reads the two files of a part of the dump: the common features, and the skeleton that refers to them. */
import { DataError } from '../../table/errors.ts';
import { FeatureRow } from './feature-row.ts';
import { NumberSet } from './number-set.ts';
import { findCommas, parseFeatures, parseWhole } from './parse.ts';
import { Problems, type Reason } from './problems.ts';
import { type LineReader, readLines } from './read-lines.ts';
import { SharedFeatures } from './shared-features.ts';

/** What is reported of a file that was read. */
export interface FileFacts {
  readonly file: string;
  readonly lines: number;
  readonly problems: Problems;
  /** Features of fields that are none of the 23, by the number of the field's name. */
  readonly otherFields: ReadonlyMap<number, number>;
  /** Features that were not kept because their row has more of the field, by index in `FIELDS`. */
  readonly dropped: Float64Array;
  /** Whether the last line, which is complete by its counts, has no line end. */
  readonly endsOpen: boolean;
}

/** A row of the skeleton. */
export interface SkeletonRow {
  readonly id: number;
  readonly click: number;
  readonly purchase: number;
  readonly shared: number;
}

/** Lines at the beginning that, if all are bad, are those of another file. */
const TRIED_LINES = 1000;

/**
 * Reads the common features into memory.
 * @throws {DataError} if the file is empty, is another one, or is cut off in a line.
 */
export async function readCommonFeatures(
  path: string,
  maxLength: number,
  reader: LineReader,
): Promise<{ readonly shared: SharedFeatures; readonly facts: FileFacts }> {
  const shared = new SharedFeatures();
  const features = new FeatureRow(maxLength);
  const otherFields = new Map<number, number>();
  const ends = new Int32Array(2);
  const facts = await readFile(path, { features, otherFields, reader }, (bytes, from, to) => {
    if (!findCommas(bytes, from, to, ends)) return 'field_count';
    const [indexEnd = 0, countEnd = 0] = ends;
    const index = textOf(bytes, from, indexEnd);
    if (shared.find(index) !== undefined) return 'common_feature_index_repeated';
    const problem = readFeatures(bytes, { countFrom: indexEnd + 1, countEnd, to }, features, otherFields);
    if (problem === null) shared.add(index, features);
    return problem;
  });
  return { shared, facts };
}

/**
 * Reads the skeleton, and gives each row with its own features.
 * @throws {DataError} if the file is empty, is another one, or is cut off in a line.
 */
export function readSkeleton(
  path: string,
  { shared, maxLength }: { readonly shared: SharedFeatures; readonly maxLength: number },
  reader: LineReader,
  give: (row: SkeletonRow, features: FeatureRow) => void,
): Promise<FileFacts> {
  const features = new FeatureRow(maxLength);
  const otherFields = new Map<number, number>();
  const ends = new Int32Array(5);
  const ids = new NumberSet();
  const find = lastFound(shared);
  return readFile(path, { features, otherFields, reader }, (bytes, from, to) => {
    if (!findCommas(bytes, from, to, ends)) return 'field_count';
    const [idEnd = 0, clickEnd = 0, purchaseEnd = 0, indexEnd = 0, countEnd = 0] = ends;
    const id = parseWhole(bytes, from, idEnd);
    if (id < 0) return 'sample_id_not_integer';
    const click = parseWhole(bytes, idEnd + 1, clickEnd);
    const purchase = parseWhole(bytes, clickEnd + 1, purchaseEnd);
    if (click < 0 || click > 1 || purchase < 0 || purchase > 1) return 'label_not_binary';
    const problem = readFeatures(bytes, { countFrom: indexEnd + 1, countEnd, to }, features, otherFields);
    if (problem !== null) return problem;
    const row = find(bytes, purchaseEnd + 1, indexEnd);
    if (row === undefined) return 'common_features_missing';
    if (!ids.add(id)) return 'sample_id_repeated';
    if (purchase > click) return 'conversion_without_click';
    give({ id, click, purchase, shared: row }, features);
    return null;
  });
}

interface FileReader {
  readonly features: FeatureRow;
  readonly otherFields: ReadonlyMap<number, number>;
  readonly reader: LineReader;
}

/** Reads a file line by line; `readLine` returns why a line is left out. */
async function readFile(
  path: string,
  { features, otherFields, reader }: FileReader,
  readLine: (bytes: Uint8Array, from: number, to: number) => Reason | null,
): Promise<FileFacts> {
  const problems = new Problems();
  let lines = 0;
  let last: Reason | null = null;
  const onLine = (bytes: Uint8Array, from: number, to: number) => {
    lines += 1;
    features.clear();
    last = readLine(bytes, from, to);
    if (last !== null) problems.add(last, lines);
    if (lines === TRIED_LINES && problems.total === lines)
      throw new DataError('wrong_format', `${path} is no file of the dump: its first ${lines} lines are not valid`);
  };
  const isClosed = await readLines(path, onLine, reader);
  if (lines === 0) throw new DataError('empty_file', `${path} is empty`);
  if (!isClosed && last !== null)
    throw new DataError('cut_off', `${path} is cut off in line ${lines} (${last}): get the file again`);
  return { file: path, lines, problems, otherFields, dropped: features.dropped, endsOpen: !isClosed };
}

function readFeatures(
  bytes: Uint8Array,
  { countFrom, countEnd, to }: { readonly countFrom: number; readonly countEnd: number; readonly to: number },
  features: FeatureRow,
  otherFields: Map<number, number>,
): Reason | null {
  const found = parseFeatures(bytes, countEnd + 1, to, features, otherFields);
  if (found < 0) return 'feature_not_valid';
  return found === parseWhole(bytes, countFrom, countEnd) ? null : 'feature_count';
}

/** Looks up rows of common features. The published skeleton has lines of the same index one after another. */
function lastFound(shared: SharedFeatures) {
  let lastText = new Uint8Array(0);
  let lastRow: number | undefined;
  return (bytes: Uint8Array, from: number, to: number): number | undefined => {
    if (!isSame(lastText, bytes, from, to)) {
      lastText = bytes.slice(from, to);
      lastRow = shared.find(textOf(bytes, from, to));
    }
    return lastRow;
  };
}

function isSame(text: Uint8Array, bytes: Uint8Array, from: number, to: number): boolean {
  if (text.length !== to - from) return false;
  for (let at = 0; at < text.length; at += 1) if (text[at] !== bytes[from + at]) return false;
  return true;
}

function textOf(bytes: Uint8Array, from: number, to: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + from, to - from).toString('latin1');
}
