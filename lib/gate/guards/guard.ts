/** A guard: a condition that a model must meet to be promoted, however good its metrics are. */

/** What a guard checks. */
export type GuardKind =
  | 'numbers'
  | 'normalized_entropy'
  | 'pcoc'
  | 'unknown_ids'
  | 'drift'
  | 'label_rate'
  | 'leak'
  | 'missing'
  | 'constant'
  | 'scale'
  | 'repeated_keys';

/** The result of one guard: the number that it checked, its limits, and a sentence for people. */
export interface Guard {
  readonly guard: GuardKind;
  /** The output, feature or stage that it is about. */
  readonly of: string;
  /** The rows that it looked at, where one guard looks at several: part of its sentence. */
  readonly where?: string;
  /** `null` where it is undefined, or infinite. */
  readonly value: number | null;
  readonly least: number | null;
  readonly most: number | null;
  readonly holds: boolean;
  /** Whether it holds only because its value has been as it is for so many runs that the change is taken to last. */
  readonly isLasting?: boolean;
  readonly sentence: string;
}

/** The sentences of the guards that do not hold. */
export function failures(guards: readonly Guard[]): string[] {
  return guards.filter(({ holds }) => !holds).map(({ sentence }) => sentence);
}
