/** The bodies of requests: parsed and checked, and what is wrong with one said in one line. */
import * as z from 'zod';
import { listed } from '../numbers/text.ts';
import type { ObjectRow } from '../table/objects/encoding-pass.ts';
import { RequestError } from './online-scorer.ts';

const ROW = 'an object of columns';
// The rows are not copied: they are many, and the scorer reads nothing but the columns that it knows.
const row = z.custom<ObjectRow>(isObject, ROW);
const rows = z.array(row, 'a list of objects');
const TOP = 'a whole number of at least 1, or null for all';

const scoreMembers = { rows: rows.optional(), shared: row.optional(), candidates: rows.optional() };
const rankMembers = {
  ...scoreMembers,
  by: z.string('the name of an output, or score').optional(),
  top: z.int(TOP).min(1, TOP).nullable().optional(),
};

/** The body of a request for scores. */
export const scoreRequest = requestOf(scoreMembers);
/** The body of a request for ranks. */
export const rankRequest = requestOf(rankMembers);

/** A request for scores, as parsed. */
export type ScoreRequest = z.output<typeof scoreRequest>;
/** A request for ranks, as parsed. */
export type RankRequest = z.output<typeof rankRequest>;

const LONGEST = 64;

function requestOf<Members extends typeof scoreMembers>(members: Members) {
  return z.strictObject(members, `an object of ${Object.keys(members).join(', ')}`);
}

/**
 * Parses a body.
 * @throws {RequestError} with the first thing that is wrong with it: where it is, what it is, and what is expected.
 */
export function parsedRequest<Request extends ScoreRequest>(
  schema: z.ZodType<Request>,
  body: string,
): Request & { readonly rows: readonly ObjectRow[]; readonly shared: ObjectRow } {
  const value = jsonOf(body);
  const result = schema.safeParse(value);
  if (!result.success) throw new RequestError(textOf(result.error.issues[0], value, schema));
  const { rows, candidates, shared = {} } = result.data;
  const given = rows ?? candidates;
  if (given === undefined || (rows !== undefined && candidates !== undefined))
    throw new RequestError(
      `request has ${given === undefined ? 'neither rows nor candidates' : 'both rows and candidates'}, expected one of them, a list of objects`,
    );
  return { ...result.data, rows: given, shared };
}

function textOf(issue: z.core.$ZodIssue | undefined, body: unknown, schema: z.ZodType): string {
  if (issue?.code === 'unrecognized_keys') {
    const known = schema instanceof z.ZodObject ? Object.keys(schema.shape) : [];
    return `request has unknown keys: ${listed(issue.keys)}, expected ${known.join(', ')}`;
  }
  const path = issue?.path ?? [];
  const place = path.map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`)).join('');
  return `request${place} got ${shown(valueAt(body, path))}, expected ${issue?.message}`;
}

function valueAt(body: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>((value, part) => Object(value)[part], body);
}

/** Returns the text of a value, not that of what is in it: a request may be long. */
function shown(value: unknown): string {
  if (Array.isArray(value)) return 'a list';
  if (isObject(value)) return 'an object';
  return JSON.stringify(value).slice(0, LONGEST);
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function jsonOf(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch (cause) {
    throw new RequestError(`request is not JSON: ${cause instanceof Error ? cause.message : cause}`, { cause });
  }
}
