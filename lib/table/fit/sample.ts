/** A sample of rows that depends on their positions alone, so that what is found in it is found again. */

/** Returns the SQL of a hash of a row's position. */
const PLACE = 'hash("#row")';

/** Returns how many rows each row of a sample of about `most` rows stands for. */
export function sampleStep(rows: number, most: number): number {
  return Math.max(1, Math.floor(rows / most));
}

/** Returns the SQL condition that a row is in a sample of one in `step` rows. */
export function inSampleSql(step: number): string {
  return step === 1 ? 'true' : `${PLACE} % ${step} = 0`;
}

/** Returns the SQL condition that a row is in the first half of its sample. */
export function inFirstHalfSql(step: number): string {
  return `(${PLACE} // ${step}) % 2 = 0`;
}
