import type { Mistake, Path } from '../declaration-error.ts';
import { formatPath } from '../declaration-error.ts';
import { expectation, explainIssues } from './explain-issues.ts';
import { type DraftShape, draftSchema, fileSchema } from './schema.ts';

/** A file as far as it has its shape, so that a mistake in one place hides none in another. */
export interface Draft {
  /** The members without a mistake of their own, defaults filled in. */
  readonly file: DraftShape;
  /** Mistakes of shape. */
  readonly mistakes: readonly Mistake[];
  /** The keys that a map section has in the file, those of malformed entries included. */
  names(section: 'stages' | 'embeddings' | 'features'): readonly string[];
  /** Whether there is no mistake of shape at a member or below: only then does its absence mean anything. */
  isSound(member: string): boolean;
}

/** Parses the plain values of a file. */
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

/** Takes out what has no shape, and then what cannot do without it, until the rest parses. */
function salvage(value: Readonly<Record<string, unknown>>): DraftShape {
  const rest: Record<string, unknown> = structuredClone(value);
  for (;;) {
    const parsed = draftSchema.safeParse(rest, { error: expectation });
    if (parsed.success) return parsed.data;
    for (const { path } of explainIssues(parsed.error.issues, rest)) remove(rest, path);
  }
}

/** Deletes the member, or, where it is missing or an item of a list, the nearest thing around it. */
function remove(file: Record<string, unknown>, path: Path): void {
  let map: Record<string, unknown> = file;
  let around = (): void => undefined;
  for (const step of path) {
    const parent = map;
    if (!Object.hasOwn(parent, step)) break;
    const next = parent[step];
    around = () => {
      delete parent[step];
    };
    if (typeof next !== 'object' || next === null || Array.isArray(next)) break;
    map = next as Record<string, unknown>;
  }
  around();
}
