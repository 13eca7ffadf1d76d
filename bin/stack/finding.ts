/** One thing that was looked at. */
export interface Finding {
  readonly check: string;
  readonly isOk: boolean;
  /** What is there; where that is wrong, what was expected and what to do. */
  readonly detail: string;
}

/** What a check found, and what those after it need. */
export interface Checked<T> {
  readonly findings: readonly Finding[];
  readonly value: T;
}

/** A finding that reads `good` where all is well, and `bad` where it is not. */
export function finding(check: string, isOk: boolean, good: string, bad: string): Finding {
  return { check, isOk, detail: isOk ? good : bad };
}
