/**
 * The schemas of single values in a declaration. The text that each of them passes to zod is the phrase that follows
 * "expected" in a message.
 */
import * as z from 'zod';
import { DURATION, INSTANT, parseInstant } from './units.ts';

const COLUMN = 'a column name';
const COLUMNS = 'a column name or a list of column names';
const RATE = 'a rate above 0 and at most 1, or a column name';
const SHARE = 'a share of at least 0 and below 1';
const BOUND = 'a number or null';
const CLIP = 'two bounds, the lower first: [0, 1000], [null, 1000]';
const VALUES = 'a list of values';
const PCOC = 'two limits around 1, the lower first: [0.67, 1.5]';
const FACTOR = 'a factor above 1';
const FROM = 'a stage or a list of stages';
const SHARE_OR_INSTANT = `${SHARE}, or an instant such as 2026-05-08 or 2026-05-08T06:00:00Z`;

/** A name of a column. */
export const column = text(COLUMN);
/** The name of a column, or a list of names. */
export const columnOrColumns = z.union([text(COLUMNS), z.array(text(COLUMNS), COLUMNS).min(1, COLUMNS)], COLUMNS);
/** A name of a stage. Stages must not end in `_entire`: the scores have columns of such names. */
export const stageName = pattern(
  /^(?!.*_entire$|constructor$)[a-z][a-z0-9_]*$/,
  'a name of a-z, 0-9 and _ that starts with a letter and does not end in _entire',
);
/** A name of a feature or of an embedding table. */
export const featureName = pattern(
  /^(?!__|(?:constructor|hasOwnProperty|isPrototypeOf|propertyIsEnumerable|toLocaleString|toString|valueOf)$)[A-Za-z_][A-Za-z0-9_]*$/,
  'a name of letters, 0-9 and _ that does not start with a digit or __, and is not constructor, toString or the like',
);
/** A name of an entity, which is part of paths in a bucket. */
export const entityName = pattern(
  /^(?!constructor$)[a-z][a-z0-9_]*$/,
  'a name of a-z, 0-9 and _ that starts with a letter',
);
/** A name of a model. */
export const modelName = pattern(/^[a-z0-9][a-z0-9-]*$/, 'a name of a-z, 0-9 and -');

/** The path of a model file, which begins at the declaration, wherever that is moved to. */
export const modelFile = pattern(
  /^(?![/\\]|[A-Za-z]:)[^\\\0]*[^\\/\0]\.(ts|js)$/,
  'the path of a .ts or .js file, relative to the declaration, such as ./my-model.ts',
);
/** A digest. */
export const sha256 = pattern(/^[0-9a-f]{64}$/, 'a SHA-256 of 64 hexadecimal digits');

/** A share that cannot be everything. */
export const share = z.number(SHARE).min(0, SHARE).lt(1, SHARE);
/** A share of rows or values that may be bad, up to all of them. */
export const rejectable = z.number('a share from 0 to 1').min(0, 'a share from 0 to 1').max(1, 'a share from 0 to 1');
/** A sampling rate, or the name of the column that has it. */
export const rate = z.union([z.number(RATE).gt(0, RATE).max(1, RATE), text(RATE)], RATE);
/** A number above 0. */
export const positive = z.number('a number above 0').gt(0, 'a number above 0');
/** A number of at least 0. */
export const notNegative = z.number('a number of at least 0').min(0, 'a number of at least 0');
/** A seed of random numbers or of a hash. */
export const seed = z.int('a whole number');

/** A duration as text; `parseDuration` reads it. */
export const duration = pattern(DURATION, 'a duration such as 7d, 36h or 30m');
/** A part of a split by time: its share of the rows, or its first instant as text. */
export const timeBound = z.union(
  [
    z.number(SHARE_OR_INSTANT).min(0, SHARE_OR_INSTANT).lt(1, SHARE_OR_INSTANT),
    pattern(INSTANT, SHARE_OR_INSTANT).refine((value) => !Number.isNaN(parseInstant(value)), SHARE_OR_INSTANT),
  ],
  SHARE_OR_INSTANT,
);

/** A value of a column. It is compared as text. */
export const scalar = z.union([z.string(), z.number(), z.boolean()], 'a value');
/** Values of a column. */
export const values = z.array(scalar, VALUES);
/** A number, or `null` for none. */
export const bound = z.number(BOUND).nullable();
/** Lowest and highest value of a number, `null` for no limit. */
export const clip = z
  .tuple([bound, bound], CLIP)
  .refine(([low, high]) => low === null || high === null || low < high, CLIP);
/** Lowest and highest ratio of predictions to labels, on either side of 1. */
export const pcocLimits = z.tuple([z.number(PCOC).gt(0, PCOC).lt(1, PCOC), z.number(PCOC).gt(1, PCOC)], PCOC);
/** A factor that bounds a ratio in both directions. */
export const factor = z.number(FACTOR).gt(1, FACTOR);
/** The name of a stage, or a list of names. */
export const stageOrStages = z.union([stageName, z.array(stageName, FROM).min(1, FROM)], FROM);

/** Returns the schema of a text that is not empty. */
export function text(expected: string) {
  return z.string(expected).min(1, expected);
}

/** Returns the schema of a whole number of at least `minimum`, and at most `maximum` where there is one. */
export function whole(minimum: number, maximum?: number) {
  const expected =
    maximum === undefined ? `a whole number of at least ${minimum}` : `a whole number from ${minimum} to ${maximum}`;
  const schema = z.int(expected).min(minimum, expected);
  return maximum === undefined ? schema : schema.max(maximum, expected);
}

/** Returns the schema of a number above 0 and at most `maximum`. */
export function atMost(maximum: number) {
  const expected = `a number above 0 and at most ${maximum}`;
  return z.number(expected).gt(0, expected).max(maximum, expected);
}

function pattern(regex: RegExp, expected: string) {
  return z.string(expected).regex(regex, expected);
}
