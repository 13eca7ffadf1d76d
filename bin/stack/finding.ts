/** The result of one check of a deployed stack. */
export interface Finding {
  readonly check: string;
  readonly isOk: boolean;
  /** The state that was found and, if it is wrong, the expected state and what to do. */
  readonly detail: string;
}

/** The findings of a check, and the value that later checks need. */
export interface Checked<T> {
  readonly findings: readonly Finding[];
  readonly value: T;
}

/** A finding that reads `good` where all is well, and `bad` where it is not. */
export function finding(check: string, isOk: boolean, good: string, bad: string): Finding {
  return { check, isOk, detail: isOk ? good : bad };
}
