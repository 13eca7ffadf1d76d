/** The figures by which models are ranked, and how each is measured. */
import type { FunnelMetrics, FunnelTask } from '../../evaluation/funnel.ts';
import { type Metric, undefinedMetric } from '../../evaluation/metric.ts';

/** The ranking figures, by their keys in `comparison.json`. More is better of each. */
export const FIGURES = {
  cvr_auc: { title: 'CVR AUC', words: 'AUC of CVR on clicked rows' },
  ctcvr_auc_shared_ctr: { title: 'CTCVR AUC, shared CTR', words: 'AUC of CTCVR with the shared CTR network' },
  ctcvr_auc_own: { title: 'CTCVR AUC, own', words: 'AUC of CTCVR with the own CTR' },
  ctr_auc: { title: 'CTR AUC', words: 'AUC of CTR' },
} as const;

/** Key of a ranking figure. */
export type Figure = keyof typeof FIGURES;

/** The keys in the order of the tables. */
export const FIGURE_NAMES = Object.keys(FIGURES) as readonly Figure[];

/** The figure that the verdict and the choice of settings go by, if no other is asked for. */
export const DEFAULT_FIGURE: Figure = 'ctcvr_auc_own';

/** Output of the product of the shared CTR network's pCTR and a model's pCVR. */
export const SHARED_PRODUCT = 'pctcvr_shared_ctr';

/** Returns the task of that product: as that of `pctcvr`. */
export function sharedTask(ctcvr: FunnelTask): FunnelTask {
  return { ...ctcvr, name: SHARED_PRODUCT, title: 'CTCVR, shared CTR', output: SHARED_PRODUCT };
}

/** The task in which each figure is the AUC. */
export const TASK_OF: Readonly<Record<Figure, string>> = {
  cvr_auc: 'cvr',
  ctcvr_auc_shared_ctr: SHARED_PRODUCT,
  ctcvr_auc_own: 'ctcvr',
  ctr_auc: 'ctr',
};

/** Returns the figures of a model. */
export function figuresOf({ tasks }: FunnelMetrics): Readonly<Record<Figure, Metric>> {
  const aucOf = (name: string) =>
    tasks.find(({ task }) => task.name === name)?.auc ?? undefinedMetric('not measured on this funnel');
  return Object.fromEntries(FIGURE_NAMES.map((figure) => [figure, aucOf(TASK_OF[figure])])) as Record<Figure, Metric>;
}
