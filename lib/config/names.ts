import { nearest } from './nearest.ts';

/** Says that a name stands for nothing, and for what it may have been meant. */
export function unknownName(kind: string, name: string, known: readonly string[]): string {
  if (known.length === 0) return `got ${name}, but there is no ${kind}`;
  const meant = nearest(name, known);
  return `no ${kind} ${name}, ${meant === undefined ? '' : `did you mean ${meant}? `}expected one of ${known.join(', ')}`;
}

/** Whether two names stand for one column: DuckDB does not tell columns apart by case. */
export function sameColumn(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}
