/** One deliberate fault in the code, which some test must notice. */
export interface Mutation {
  /** What the faulty code does, in a plain sentence. */
  readonly name: string;
  /** Text that occurs exactly once in the file. */
  readonly find: string;
  readonly replace: string;
  /** Test files, of which at least one must fail. */
  readonly tests: readonly string[];
}

/** Mutations by the file that they change. */
export type MutationTable = Readonly<Record<string, readonly Mutation[]>>;

/**
 * The file's text with the mutation in it.
 * @throws {Error} where the text to find does not occur exactly once: the code has changed, and the table must follow.
 */
export function mutate(text: string, { name, find, replace }: Mutation, file: string): string {
  const [before, after, ...more] = text.split(find);
  if (before === undefined || after === undefined || more.length > 0)
    throw new Error(`mutation "${name}": its text occurs ${text.split(find).length - 1} times in ${file}, expected 1`);
  return `${before}${replace}${after}`;
}
