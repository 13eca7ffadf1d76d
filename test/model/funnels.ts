/** Funnels that several tests use, in the form of a parsed declaration. */
import type { Declaration, Stage } from '../../lib/config/declaration.ts';

type Funnel = Pick<Declaration, 'root' | 'stages' | 'roles'>;

const plain: Omit<Stage, 'name' | 'from' | 'label'> = {
  weight: 1,
  complementOf: null,
  exclusive: null,
  at: null,
  withinMs: null,
  inconsistent: 'reject',
  maxInconsistent: 0,
};

/** Returns a stage with default settings, except those in `rest`; its label has the name of the stage. */
export function stage(name: string, from: string | readonly string[], rest: Partial<Stage> = {}): Stage {
  return {
    ...plain,
    name,
    from: typeof from === 'string' ? [from] : from,
    label: rest.complementOf ? null : name,
    ...rest,
  };
}

/** Impression, click. */
export const chainOfTwo: Funnel = { root: 'impression', stages: [stage('click', 'impression')], roles: null };

/** Impression, click, conversion. */
export const chainOfThree: Funnel = {
  root: 'impression',
  stages: [stage('click', 'impression'), stage('conversion', 'click')],
  roles: { impression: 'impression', click: 'click', conversion: 'conversion' },
};

/** Impression, click, conversion, which is final after eight days, and whose times are known. */
export const delayedChain: Funnel = {
  ...chainOfThree,
  stages: [
    stage('click', 'impression', { at: 'clicked_at' }),
    stage('conversion', 'click', { at: 'bought_at', withinMs: 8 * 86_400_000 }),
  ],
};

/** The funnel of ESM2: Entire Space Multi-Task Modeling via Post-Click Behavior Decomposition (arXiv 1910.07099). */
export const esm2: Funnel = {
  root: 'impression',
  stages: [
    stage('click', 'impression'),
    stage('action', 'click'),
    stage('other', 'click', { complementOf: 'action' }),
    stage('buy', ['action', 'other']),
  ],
  roles: { impression: 'impression', click: 'click', conversion: 'buy' },
};
