/** What a whole file of JSON lines says: its columns, and how many of its lines are no objects. */
import { countOf } from '../../../numbers/text.ts';
import type { FileColumn } from '../../columns.ts';
import { DataError } from '../../errors.ts';
import type { JsonRecord, Line } from './lines.ts';

/** Facts of a file, line by line. */
export class JsonFacts {
  readonly #types = new Map<string, 'VARCHAR' | 'STRUCT'>();
  #broken: { lines: number; readonly first: number; readonly value: string } | null = null;
  rows = 0;

  add({ number }: Line, record: JsonRecord): void {
    this.rows += 1;
    if ('reason' in record) {
      this.#broken ??= { lines: 0, first: number, value: record.value };
      this.#broken.lines += 1;
      return;
    }
    for (const [key, { isObject }] of record.values)
      if (isObject || !this.#types.has(key)) this.#types.set(key, isObject ? 'STRUCT' : 'VARCHAR');
  }

  /**
   * The keys of all objects, in the order in which they first come. A key with an object in any row is a structure.
   * @throws {DataError} if there are none.
   */
  columns(name: string): FileColumn[] {
    if (this.#types.size === 0)
      throw this.#broken === null
        ? new DataError('empty_file', `${name} has no keys, expected JSON objects with the columns`)
        : new DataError(
            'wrong_format',
            `${name} is not JSON lines: line ${this.#broken.first} is ${this.#broken.value}, expected one JSON object on each line`,
          );
    return [...this.#types].map(([key, type]) => ({ name: key, type }));
  }

  /** What a user should know, one sentence each. */
  notes(name: string): string[] {
    if (this.#broken === null) return [];
    const { lines, first, value } = this.#broken;
    return [
      `${name}: ${countOf(lines, 'line')} ${lines === 1 ? 'is no JSON object' : 'are no JSON objects'} with each key once, the first is line ${first} (from 1): ${value}`,
    ];
  }
}
