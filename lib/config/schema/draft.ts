import type { Mistake, Path } from '../declaration-error.ts';
import { formatPath } from '../declaration-error.ts';
import { expectation, explainIssues } from './explain-issues.ts';
import { type DraftShape, draftSchema, fileSchema } from './schema.ts';

/** The valid part of a file. The checks read it, so that a mistake in one place does not hide mistakes in another. */
export interface Draft {
  /** The members that match the schema, with their defaults filled in. */
  readonly file: DraftShape;
  /** Every mismatch between the file and the schema. */
  readonly mistakes: readonly Mistake[];
  /** Returns the keys of a section as written in the file, including those of malformed entries. */
  names(section: 'stages' | 'embeddings' | 'features'): readonly string[];
  /** Whether a member and all below it match the schema. If not, parts of it may be absent from `file`. */
  isSound(member: string): boolean;
}

/** Matches the plain values of a file against the schema, and keeps what is valid. */
export function draftFile(value: Readonly<Record<string, unknown>>): Draft {
  const parsed = fileSchema.safeParse(value, { error: expectation });
  const mistakes = parsed.success ? [] : explainIssues(parsed.error.issues, value);
  const broken = mistakes.map(({ path }) => formatPath(path));
  return {
    file: parsed.success ? parsed.data : salvage(value),
    mistakes,
    names: (section) => Object.keys(value[section] ?? {}),
    isSound: (member) => !broken.some((path) => path === member || path.startsWith(`${member}.`)),
  };
}

/**
 * Removes malformed members, and then the entries that are incomplete without them, until the rest matches the schema.
 */
function salvage(value: Readonly<Record<string, unknown>>): DraftShape {
  const rest: Record<string, unknown> = structuredClone(value);
  for (;;) {
    const parsed = draftSchema.safeParse(rest, { error: expectation });
    if (parsed.success) return parsed.data;
    for (const { path } of explainIssues(parsed.error.issues, rest)) remove(rest, path);
  }
}

/** Deletes the member at a path; if it is missing or an item of a list, the nearest member that contains it. */
function remove(file: Record<string, unknown>, path: Path): void {
  let map: Record<string, unknown> = file;
  let removeLast = (): void => undefined;
  for (const step of path) {
    const parent = map;
    if (!Object.hasOwn(parent, step)) break;
    const next = parent[step];
    removeLast = () => {
      delete parent[step];
    };
    if (typeof next !== 'object' || next === null || Array.isArray(next)) break;
    map = next as Record<string, unknown>;
  }
  removeLast();
}
