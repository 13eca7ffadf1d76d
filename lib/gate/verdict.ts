/** What the gate can decide, and what a pin makes of it. */
import type { CurrentVersion } from '../registry/current.ts';

/**
 * `first`: promoted where no version is in use. `held`: good enough to be promoted, but the current version is pinned.
 */
export type Verdict = 'first' | 'promoted' | 'refused' | 'held';

/** Whether a decision makes the version the current one. */
export function promotes({ verdict }: { readonly verdict: Verdict }): boolean {
  return verdict === 'first' || verdict === 'promoted';
}

/** Returns why a pinned version stays, as a sentence for people. */
export function pinText(name: string, { version, pin }: Pick<CurrentVersion, 'version' | 'pin'>): string {
  return `${name} is pinned to ${version} since ${pin?.pinnedAt}: ${pin?.reason} (entirespace models unpin lets runs promote again)`;
}
