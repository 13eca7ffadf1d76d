import type { z } from 'zod';
import { InvalidRecordError } from './errors.ts';

/**
 * A stored JSON text as a checked value.
 * @throws {InvalidRecordError} naming every problem; `what` and `storeUrl` say which record it is.
 */
export function parseRecord<T>(schema: z.ZodType<T>, text: string, what: string, storeUrl: string): T {
  const result = schema.safeParse(jsonFrom(text, what, storeUrl));
  if (result.success) return result.data;
  const problems = result.error.issues.map(({ path, message }) => `${path.join('.')}: ${lowerCaseFirst(message)}`);
  throw new InvalidRecordError(`${what} is not valid: ${problems.join('; ')} (in ${storeUrl})`);
}

function jsonFrom(text: string, what: string, storeUrl: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new InvalidRecordError(`${what} is not JSON, got ${start(text)} (in ${storeUrl})`, { cause });
  }
}

function start(text: string): string {
  return text.length <= 40 ? JSON.stringify(text) : `${JSON.stringify(text.slice(0, 40))}...`;
}

function lowerCaseFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}
