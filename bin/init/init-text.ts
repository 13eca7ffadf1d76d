import type { Doubt, Draft } from '../../lib/init/draft.ts';
import { countOf, listed, percent } from '../../lib/numbers/text.ts';

/** Returns what a draft found, for people: the funnel, what is left out and why, and what to do next. */
export function formatDraft(draft: Draft, path: string, next: string): string {
  const { stages, features, keys, time, group, outcomes, leftOut } = draft;
  const funnel = stages.map(({ name, label, ones, before, from }) => {
    const as = name === label ? name : `${name} (${label})`;
    return `${as} ${percent(ones / before)} of ${from ?? 'the rows'}`;
  });
  const row = [
    `keys ${keys.join(', ')}`,
    ...(time === null ? [] : [`time ${time.column}`]),
    ...(group === null ? [] : [`group ${group.column}`]),
  ];
  const types = (['category', 'number', 'bag', 'vector'] as const).flatMap((type) => {
    const some = features.filter((feature) => feature.type === type).length;
    return some === 0 ? [] : `${some} ${type}`;
  });
  return [
    `${path}: ${countOf(stages.length, 'stage')}, ${countOf(features.length, 'feature')} (${types.join(', ')})`,
    `  ${funnel.join('; ')}`,
    `  ${row.join('; ')}`,
    ...outcomes.map(({ column, why }) => `  outcome ${column}: ${why}`),
    ...(leftOut.length === 0
      ? []
      : [`  left out: ${listed(leftOut.map(({ column }) => column))} (reasons in the file)`]),
    `next: ${next}`,
  ].join('\n');
}

/** Returns what a guess was that the data leave in doubt, and the flag that says otherwise. */
export function doubtText({ about, question, guess, others }: Doubt): string {
  const flag = typeof about === 'string' ? `--${about} <column>` : `--label ${about.label}=<column>`;
  const other = others.length === 0 ? '' : `, such as ${listed(others.slice(0, 3))}`;
  return `${question} ${guess} is taken; ${flag} takes another${other}`;
}
