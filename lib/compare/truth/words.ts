/** What a comparison with a known truth says in words. */
import type { TruthKind } from '../../table/check/truth.ts';
import type { TruthResult } from './truth-file.ts';

/** What each truth is. */
export const KIND_WORDS: Readonly<Record<TruthKind, string>> = {
  pcvr: 'P(conversion | clicked by itself, features)',
  pcvr_do: 'P(conversion | made clicked, features)',
};

/** Returns what should be known of the truths. */
export function truthNote({ kinds, areEqual }: Pick<TruthResult, 'kinds' | 'areEqual'>): string {
  if (areEqual) return 'there is no hidden bias: rows that are clicked by themselves, or made clicked, convert alike';
  return kinds.length === 2
    ? 'an unseen cause drives click and conversion: the log shows rows that are clicked by themselves, and nothing of those that are made clicked'
    : `one truth is declared, ${kinds[0]?.kind}`;
}
