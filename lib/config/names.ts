/** Names of columns, stages and tables: which of them are the same, and what to say of one that does not exist. */
import { listed } from '../numbers/text.ts';
import { nearest } from './nearest.ts';

/** Returns the message for a name that does not exist, with the most similar known name if there is one. */
export function unknownName(kind: string, name: string, known: readonly string[]): string {
  if (known.length === 0) return `got ${name}, but there is no ${kind}`;
  const meant = nearest(name, known);
  return `no ${kind} ${name}, ${meant === undefined ? '' : `did you mean ${meant}? `}expected one of ${listed(known)}`;
}

/** Whether two names mean the same column: they may differ in case. */
export function sameColumn(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}
