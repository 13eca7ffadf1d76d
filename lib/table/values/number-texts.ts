/** The one text of a number, whether a file has it as a floating number, a decimal or a text. */
import type { TextRules } from '../columns.ts';
import { literal } from '../database.ts';
import { bind } from './bind.ts';

/**
 * A fraction of up to this many characters has no more than eleven digits, so its text is that of the floating number
 * that is next to it. A longer one is read as that number.
 */
const EXACT_LENGTH = 12;
/** Zeros after the point up to which a small number is written without an exponent. */
const MOST_ZEROS = 30;

/** Returns the SQL condition that a text is a number. Without a point, an exponent must have a sign: `1e3` is a word. */
export function isNumberText(text: string, { decimal }: TextRules): string {
  const point = decimal === '.' ? '\\.' : ',';
  const pointed = `(?:[0-9]+${point}[0-9]*|${point}[0-9]+)`;
  const number = `[-+]?(?:[0-9]+|[0-9]+[eE][-+][0-9]+|${pointed}(?:[eE][-+]?[0-9]+)?)`;
  return `regexp_full_match(${text}, ${literal(number)})`;
}

/** Returns the SQL of a number's text with a point, from one that may have another decimal mark. */
export function pointed(text: string, { decimal }: TextRules): string {
  return decimal === '.' ? text : `replace(${text}, ${literal(decimal)}, '.')`;
}

/** Returns the SQL of the canonical text of a number's text, whose decimal mark is a point. */
export function numberText(text: string): string {
  const hasExponent = `(contains(${text}, 'e') OR contains(${text}, 'E'))`;
  return shortOrFloating(`CASE WHEN NOT ${hasExponent} THEN ${withoutZeros(text)} END`, text);
}

/** Returns the SQL of the canonical text of a DECIMAL's text. */
export function decimalText(text: string): string {
  return shortOrFloating(withoutZeros(text), text);
}

/** Returns the SQL of a short text as it is, and of the number that `text` is if it is NULL or a long fraction. */
function shortOrFloating(short: string, text: string): string {
  return bind('short', short, (decimal) => {
    const isExact = `(strlen(${decimal}) <= ${EXACT_LENGTH} OR NOT contains(${decimal}, '.'))`;
    const floating = bind('floating', `TRY_CAST(${text} AS DOUBLE)`, floatingText);
    return `CASE WHEN ${isExact} THEN ${decimal} WHEN isfinite(TRY_CAST(${text} AS DOUBLE)) THEN ${floating} ELSE ${text} END`;
  });
}

/** Returns the SQL of a number's text, without an exponent, that has no needless signs and zeros. */
function withoutZeros(text: string): string {
  const digits = `ltrim(${text}, '+-0')`;
  const needed = `CASE WHEN contains(${text}, '.') THEN rtrim(rtrim(${digits}, '0'), '.') ELSE ${digits} END`;
  return bind('digits', needed, (rest) => {
    const sign = `CASE WHEN starts_with(${text}, '-') THEN '-' END`;
    // Unlike other functions, concat reads NULL as an empty text.
    return `CASE WHEN ${rest} = '' THEN '0' WHEN ${rest} <> '' THEN concat(${sign}, CASE WHEN starts_with(${rest}, '.') THEN '0' END, ${rest}) END`;
  });
}

/** Returns the SQL of the canonical text of a DOUBLE; NULL for NaN, of which DuckDB's comparisons cannot be trusted. */
export function floatingText(number: string): string {
  const isWhole = `${number} = trunc(${number})`;
  return (
    `CASE WHEN isnan(${number}) THEN NULL ` +
    `WHEN ${isWhole} AND abs(${number}) < 9e18 THEN CAST(CAST(${number} AS BIGINT) AS VARCHAR) ` +
    `WHEN abs(${number}) > 1e38 THEN CAST(${number} AS VARCHAR) ` +
    `WHEN ${isWhole} THEN CAST(CAST(${number} AS HUGEINT) AS VARCHAR) ELSE ${fractionText(number)} END`
  );
}

/**
 * Returns the SQL of the shortest text of a fraction, without an exponent. A fraction that is exactly a FLOAT has its
 * text: 0.1 that was stored as a FLOAT is 0.1 again.
 */
function fractionText(number: string): string {
  const text = `CAST(${number} AS VARCHAR)`;
  const isFloat = `CAST(TRY_CAST(${number} AS FLOAT) AS DOUBLE) = ${number}`;
  const shortest = `CASE WHEN strlen(${text}) > ${EXACT_LENGTH} AND ${isFloat} THEN CAST(TRY_CAST(${number} AS FLOAT) AS VARCHAR) ELSE ${text} END`;
  return bind('shortest', shortest, (short) => {
    const exponent = `CAST(split_part(${short}, 'e-', 2) AS INTEGER)`;
    const digits = `replace(ltrim(split_part(${short}, 'e-', 1), '-'), '.', '')`;
    const zeros = `CASE WHEN ${exponent} <= ${MOST_ZEROS} THEN concat(CASE WHEN starts_with(${short}, '-') THEN '-' END, '0.', repeat('0', ${exponent} - 1), ${digits}) ELSE ${short} END`;
    return `CASE WHEN contains(${short}, 'e-') THEN ${zeros} ELSE ${short} END`;
  });
}
