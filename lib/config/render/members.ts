/** Members of a file: what is not there is left out, as in a file that does not declare it. */

/** A map of the file. */
export type Members = Readonly<Record<string, unknown>>;

/** Returns members without those that are undefined or null, which a file cannot say where null is no value. */
export function given(members: Members): Members {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined && value !== null));
}
