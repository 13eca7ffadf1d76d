/** Reads the settings of a process from its environment variables, each with a zod schema that parses its text. */
import * as z from 'zod';

/** Thrown if environment variables are absent or not valid. */
export class EnvironmentError extends Error {
  override readonly name = 'EnvironmentError';
}

/** Environment variables by name, as in `process.env`. */
export type Variables = Readonly<Record<string, string | undefined>>;

/** Any text. (`readEnvironment` takes an empty one as absent.) */
export const text = z.string();

/** A text that matches a pattern; `expected` describes the pattern in messages. */
export function matching(pattern: RegExp, expected: string) {
  return z.string().regex(pattern, `must be ${expected}`);
}

/** One of a few words. */
export function choice<const Words extends readonly [string, ...string[]]>(words: Words) {
  return z.enum(words, `must be one of ${words.join(', ')}`);
}

/** A number within these limits, both included. */
export function number({ least, most }: { readonly least: number; readonly most: number }) {
  const isWithin = (value: number) => value >= least && value <= most;
  return z.string().transform(Number).refine(isWithin, `must be a number from ${least} to ${most}`);
}

/** A whole number within these limits, both included. */
export function wholeNumber({ least, most }: { readonly least: number; readonly most: number }) {
  const isWithin = (value: number) => Number.isInteger(value) && value >= least && value <= most;
  return z.string().transform(Number).refine(isWithin, `must be a whole number from ${least} to ${most}`);
}

/** A flag, written `true` or `false`. */
export const flag = z.enum(['true', 'false'], 'must be true or false').transform((value) => value === 'true');

/** A day that exists, written `2026-01-31`. */
export const day = z.iso.date('must be a day like 2026-01-31');

/**
 * Returns the parsed values of the variables that `shape` names. Empty variables count as absent: deployment tools
 * often set them.
 * @throws {EnvironmentError} naming every variable that is absent or not valid, with what it is and what was expected.
 */
export function readEnvironment<Shape extends z.ZodRawShape>(
  shape: Shape,
  variables: Variables = process.env,
): z.infer<z.ZodObject<Shape>> {
  const present = Object.fromEntries(Object.entries(variables).filter(([, value]) => value !== ''));
  const { success, data, error } = z.object(shape).safeParse(present);
  if (success) return data;
  const problems = error.issues.map(({ path, message }) => {
    const name = path.join('.');
    const got = present[name];
    return got === undefined ? `${name} is not set` : `${name} ${message}, got ${JSON.stringify(got)}`;
  });
  throw new EnvironmentError(`environment: ${problems.join('; ')}`);
}
