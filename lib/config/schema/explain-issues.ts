import type { z } from 'zod';
import { listed } from '../../numbers/text.ts';
import type { Mistake, Path } from '../declaration-error.ts';
import { nearest } from '../nearest.ts';
import { SPLIT_KEYS } from './schema.ts';

type Issue = z.core.$ZodIssue;

const KINDS: Readonly<Record<string, string>> = {
  object: 'a map',
  record: 'a map',
  array: 'a list',
  string: 'text',
  boolean: 'true or false',
};

/**
 * The error map for zod: returns the phrase that follows "expected" for issues that the schema itself has none for, and
 * for an unknown key the list of the allowed ones.
 */
export function expectation(issue: z.core.$ZodRawIssue): string | undefined {
  switch (issue.code) {
    case 'invalid_type':
      return KINDS[issue.expected];
    case 'invalid_value':
      return oneOf(issue.values);
    case 'invalid_union':
      return oneOf(issue.options as readonly unknown[]);
    case 'unrecognized_keys':
      return allowedKeys(issue.inst).join(', ');
    default:
      return undefined;
  }
}

/** Whether a value of the file is a map. */
export function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Turns zod's issues into mistakes. `file` is the value that was parsed, with `expectation` as the error map. */
export function explainIssues(issues: readonly Issue[], file: unknown): readonly Mistake[] {
  return issues.flatMap((issue) => explain(issue, issue.path as Path, file));
}

const LONGEST_SHOWN = 60;

/** Returns a value as messages show it: short texts and numbers as they are, lists and maps by kind only. */
export function show(value: unknown): string {
  if (typeof value === 'string')
    return JSON.stringify(value.length <= LONGEST_SHOWN ? value : `${value.slice(0, LONGEST_SHOWN)}...`);
  if (typeof value !== 'object' || value === null) return String(value);
  const kind = Array.isArray(value) ? 'list' : 'map';
  return Object.keys(value).length === 0 ? `an empty ${kind}` : `a ${kind}`;
}

function explain(issue: Issue, path: Path, file: unknown): readonly Mistake[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({
      path: [...path, key],
      message: unknownKey(key, issue.message.split(', ')),
      isKey: true,
    }));
  }
  if (issue.code === 'invalid_key') {
    return [{ path, message: `got ${show(path.at(-1))}, expected ${issue.issues[0]?.message}`, isKey: true }];
  }
  const value = valueAt(file, path);
  const branch = issue.code === 'invalid_union' ? branchMeant(issue.errors, value) : undefined;
  if (branch !== undefined) {
    return branch.flatMap((inner) => explain(inner, [...path, ...(inner.path as Path)], file));
  }
  const keys = issue.code === 'invalid_union' && isMap(value) ? ` with ${listed(Object.keys(value))}` : '';
  const got = value === undefined ? 'missing' : `got ${show(value)}${keys}`;
  return [{ path, message: `${got}, expected ${issue.message}${example(path, value)}` }];
}

/** What a stage or a feature that is written as one word most likely means: `such as { type: number, entity: user }`. */
function example(path: Path, value: unknown): string {
  if (typeof value !== 'string' || path.length !== 2) return '';
  if (path[0] === 'stages') return `, such as { label: ${value} }`;
  return path[0] === 'features' ? `, such as { type: ${value}, entity: user }` : '';
}

/**
 * Returns the issues of the alternative of a union that a map was meant to match, or `undefined` if that is not clear:
 * the only alternative that is a map or, among the splits, the one whose key is given.
 */
function branchMeant(branches: readonly (readonly Issue[])[], value: unknown): readonly Issue[] | undefined {
  if (!isMap(value)) return undefined;
  const maps = branches.filter((issues) =>
    issues.every(({ code, path }) => code !== 'invalid_type' || path.length > 0),
  );
  if (maps.length === 1) return maps[0];
  const present = SPLIT_KEYS.flatMap((key, i) => (Object.hasOwn(value, key) ? [i] : []));
  return present.length === 1 ? branches[present[0] as number] : undefined;
}

function unknownKey(key: string, allowed: readonly string[]): string {
  const meant = nearest(key, allowed);
  return `unknown key, ${meant === undefined ? '' : `did you mean ${meant}? `}expected one of ${allowed.join(', ')}`;
}

function allowedKeys(schema: unknown): readonly string[] {
  return Object.keys((schema as z.core.$ZodObject)._zod.def.shape);
}

function oneOf(values: readonly unknown[]): string {
  return values.length === 1 ? show(values[0]) : `one of ${values.map(show).join(', ')}`;
}

function valueAt(file: unknown, path: Path): unknown {
  return path.reduce<unknown>(
    (value, step) => (value as Readonly<Record<string | number, unknown>> | null | undefined)?.[step],
    file,
  );
}
