/**
 * The gate window, the rows that the gate compares on: the challenger's test rows, if neither model has read them in
 * training or for early stopping. The manifests must prove that; otherwise there is no window, and no comparison.
 */
import type { Declaration, Split } from '../config/declaration.ts';
import { count } from '../numbers/text.ts';
import type { ModelManifest } from '../registry/manifest.ts';

/** The facts of a model from which follows what rows it has read. */
export interface Reading {
  readonly declaration: Pick<Declaration, 'split'>;
  readonly data: Pick<ModelManifest['data'], 'time'>;
}

/** Whether it is proven that the champion has not read the rows, and the reason, as part of a sentence. */
export type WindowProof =
  | { readonly isProven: true; readonly because: string }
  | { readonly isProven: false; readonly because: string };

type Range = { readonly from: string; readonly to: string };

/**
 * Returns why the champion cannot have read the challenger's test rows, or why that cannot be proven. `unhashed` is the
 * number of rows without a value in the column that the challenger's split hashes. They are split by their position in
 * the log, which differs from log to log, so with such rows equal splits prove nothing.
 */
export function proveUnread(champion: Reading, challenger: Reading, unhashed: number): WindowProof {
  const same = unhashed > 0 ? null : heldOutAlike(champion.declaration.split, challenger.declaration.split);
  if (same !== null) return { isProven: true, because: same };
  const window = challenger.data.time?.test ?? null;
  const [before, own] = [lastRead(champion), lastRead(challenger)];
  if (window === null || before === null || own === null)
    return refuse(
      unhashed > 0
        ? `${count(unhashed)} rows have no value in the column that the split hashes, and no time ranges tell instead`
        : `the new version's is a ${splitText(challenger.declaration.split)}, the current one's a ${splitText(champion.declaration.split)}, and no time ranges tell instead`,
    );
  const [windowText, beforeText, ownText] = [rangeText(window), rangeText(before), rangeText(own)];
  if (window.from > before.to && window.from > own.to)
    return {
      isProven: true,
      because: `its rows, ${windowText}, are later than all that the new version (${ownText}) and the current one (${beforeText}) have read`,
    };
  return refuse(`its rows are of ${windowText}, the current version has read ${beforeText}, the new one ${ownText}`);
}

function refuse(details: string): WindowProof {
  return {
    isProven: false,
    because: `it cannot be proven that the current version has not read the held-out rows: ${details}`,
  };
}

/** Returns the reason why both splits hold out the same rows at any time; `null` if they may differ. */
function heldOutAlike(champion: Split, challenger: Split): string | null {
  if (champion.by === 'hash' && challenger.by === 'hash') {
    const isSame = namesOf(champion) === namesOf(challenger) && champion.seed === challenger.seed;
    // The test rows are those of the least hashes: a smaller share is part of a larger one.
    return isSame && challenger.test <= champion.test
      ? `both versions hold out the same rows, by the hash of ${namesOf(challenger)}`
      : null;
  }
  if (champion.by === 'column' && challenger.by === 'column') {
    const isSame = champion.column === challenger.column;
    return isSame && challenger.test.every((value) => champion.test.includes(value))
      ? `both versions hold out the same rows, by the values of ${challenger.column}`
      : null;
  }
  return null;
}

/** Returns the time from the first to the last training or validation row; `null` if it is not known. */
function lastRead({ data: { time } }: Reading): Range | null {
  const ranges = [time?.train, time?.validation].filter((range) => range != null);
  if (ranges.length === 0) return null;
  return {
    from: ranges.map(({ from }) => from).reduce((a, b) => (a < b ? a : b)),
    to: ranges.map(({ to }) => to).reduce((a, b) => (a > b ? a : b)),
  };
}

function splitText(split: Split): string {
  if (split.by === 'hash') return `split by the hash of ${namesOf(split)} (seed ${split.seed}, test ${split.test})`;
  return split.by === 'column' ? `split by ${split.column} (test ${split.test.join(', ')})` : 'split by time';
}

function namesOf({ columns }: Split & { readonly by: 'hash' }): string {
  return columns.join(', ');
}

function rangeText({ from, to }: Range): string {
  return `${from} to ${to}`;
}
