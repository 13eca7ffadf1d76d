/** Settings of a process from the variables of its environment, each with the schema of its text. */
import { z } from 'zod';

/** Thrown where variables of the environment are absent, or not what they must be. */
export class EnvironmentError extends Error {
  override readonly name = 'EnvironmentError';
}

export type Variables = Readonly<Record<string, string | undefined>>;

/** Any text but the empty one. */
export const text = z.string();

/** A text of this pattern; `expected` says in words what that is. */
export function matching(pattern: RegExp, expected: string) {
  return z.string().regex(pattern, `must be ${expected}`);
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

/** `true` or `false`. */
export const flag = z.enum(['true', 'false'], 'must be true or false').transform((value) => value === 'true');

/** A day, as `2026-01-31`. */
export const day = z.iso.date('must be a day like 2026-01-31');

/**
 * The values of the variables that the shape names. An empty variable counts as absent, as deployments often leave one.
 * @throws {EnvironmentError} naming every variable that is absent or wrong, what was got and what was expected.
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
