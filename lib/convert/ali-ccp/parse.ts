/** Reads the bytes of a line of the dump: fields by commas, features by \x01, field, id and value by \x02 and \x03. */
import type { FeatureRow } from './feature-row.ts';
import { extendCode, FIELD_BY_CODE } from './fields.ts';

const [FEATURE_END, FIELD_END, ID_END] = [1, 2, 3];
const [ZERO, NINE, POINT, COMMA] = [48, 57, 46, 44];
const LARGEST_ID = 2 ** 31 - 1;
/** Digits of a number that a double surely holds as they are. */
const EXACT_DIGITS = 15;
const POWERS = Array.from({ length: EXACT_DIGITS + 1 }, (_, exponent) => 10 ** exponent);

/**
 * Finds the commas before the last field of a line, the features; `false` where there are fewer. A comma in the features
 * makes one of them not valid.
 */
export function findCommas(bytes: Uint8Array, from: number, to: number, ends: Int32Array): boolean {
  let found = 0;
  for (let at = from; at < to && found < ends.length; at += 1) {
    if (bytes[at] !== COMMA) continue;
    ends[found] = at;
    found += 1;
  }
  return found === ends.length;
}

/** A whole number of at most 15 digits; -1 for anything else. */
export function parseWhole(bytes: Uint8Array, from: number, to: number): number {
  if (to <= from || to - from > EXACT_DIGITS) return -1;
  let value = 0;
  for (let at = from; at < to; at += 1) {
    const byte = bytes[at] as number;
    if (byte < ZERO || byte > NINE) return -1;
    value = value * 10 + byte - ZERO;
  }
  return value;
}

/**
 * Adds the features of a line to `row`, which is empty, and returns how many there are, of any field; -1 where one is
 * not valid. Features of fields that are none of the 23 are counted in `otherFields`, by the number of the name.
 */
export function parseFeatures(
  bytes: Uint8Array,
  from: number,
  to: number,
  row: FeatureRow,
  otherFields: Map<number, number>,
): number {
  let features = 0;
  let at = from;
  while (at < to) {
    let code = 0;
    for (; at < to && bytes[at] !== FIELD_END; at += 1) code = extendCode(code, bytes[at] as number);
    const idFrom = at + 1;
    at = indexOf(bytes, ID_END, idFrom, to);
    const valueFrom = at + 1;
    const id = parseWhole(bytes, idFrom, at);
    at = indexOf(bytes, FEATURE_END, valueFrom, to);
    const value = parseValue(bytes, valueFrom, at);
    if (!(code > 0) || id < 0 || id > LARGEST_ID || !(value >= 0)) return -1;
    const field = FIELD_BY_CODE.get(code);
    if (field === undefined) otherFields.set(code, (otherFields.get(code) ?? 0) + 1);
    else row.add(field, id, value);
    features += 1;
    at += 1;
  }
  return features;
}

/** A finite number; `NaN` for anything else. */
function parseValue(bytes: Uint8Array, from: number, to: number): number {
  if (to - from > EXACT_DIGITS || to <= from) return parseSlowly(bytes, from, to);
  let digits = 0;
  let decimals = -1;
  for (let at = from; at < to; at += 1) {
    const byte = bytes[at] as number;
    if (byte >= ZERO && byte <= NINE) digits = digits * 10 + byte - ZERO;
    else if (byte === POINT && decimals < 0) decimals = to - at - 1;
    else return parseSlowly(bytes, from, to);
  }
  return decimals <= 0 ? digits : digits / (POWERS[decimals] as number);
}

/** A number with an exponent, or of many digits. */
function parseSlowly(bytes: Uint8Array, from: number, to: number): number {
  const text = to > from ? Buffer.from(bytes.buffer, bytes.byteOffset + from, to - from).toString('latin1') : '';
  const value = text.trim() === '' ? Number.NaN : Number(text);
  return Number.isFinite(value) ? value : Number.NaN;
}

function indexOf(bytes: Uint8Array, byte: number, from: number, to: number): number {
  let at = from;
  while (at < to && bytes[at] !== byte) at += 1;
  return at;
}
