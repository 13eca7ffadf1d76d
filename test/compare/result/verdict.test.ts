import { describe, expect, it } from 'vitest';
import type { ComparedModel } from '../../../lib/compare/result/comparison-file.ts';
import { type Judged, notesOf } from '../../../lib/compare/result/verdict.ts';

const model = (name: string, auc: number, facts: Partial<ComparedModel> = {}) =>
  ({
    name,
    isForComparisonOnly: false,
    calibrated: true,
    onChosenRows: false,
    failures: [],
    seeds: [{ seed: 1, figures: {}, tasks: {} }],
    mean: { ctcvr_auc_own: auc },
    claim: name === 'esmm' ? 'reference' : 'not shown to differ',
    ...facts,
  }) as unknown as ComparedModel;
const judged = (models: readonly ComparedModel[], conversions: number) =>
  notesOf({
    models,
    options: { by: 'ctcvr_auc_own', against: 'esmm', seeds: [1], trials: 1, shares: [] },
    clicks: { train: 1000, test: 1000 },
    conversions: { train: conversions, test: conversions },
    tooFew: null,
  } as unknown as Judged);

describe('what a comparison says of rare conversions', () => {
  const esmm = model('esmm', 0.6);
  const base = (auc: number) => model('base', auc, { onChosenRows: true });

  it.each([
    {
      why: 'a model of clicked rows ranks first and they are not rare',
      models: [esmm, base(0.7)],
      conversions: 50,
      note: 'conversion is not rare here (5% of the clicks in the training rows convert), and base, whose CVR network is trained on rows chosen by the click, ranks first: the entire space gives little where clicked rows suffice',
    },
    {
      why: 'a model of clicked rows ranks first although they are rare',
      models: [esmm, base(0.7)],
      conversions: 49,
      note: 'base, whose CVR network is trained on rows chosen by the click, ranks first, although conversion is rare (4.9% of the clicks in the training rows convert): the entire space does not help on this log',
    },
    {
      why: 'they are not rare and a model of the entire space ranks first',
      models: [esmm, base(0.5)],
      conversions: 200,
      note: 'conversion is not rare here (20% of the clicks in the training rows convert): models of clicked rows alone may do as well as those of the entire space',
    },
    {
      why: 'trees, which are for comparison only, rank above a model of clicked rows',
      models: [esmm, base(0.7), model('gbdt', 0.8, { onChosenRows: true, isForComparisonOnly: true })],
      conversions: 49,
      note: 'base, whose CVR network is trained on rows chosen by the click, ranks first, although conversion is rare (4.9% of the clicks in the training rows convert): the entire space does not help on this log',
    },
  ])('is told where $why', ({ models, conversions, note }) => {
    expect(judged(models, conversions)).toEqual([note]);
  });

  it('is nothing where they are rare and a model of the entire space ranks first', () => {
    expect(judged([esmm, base(0.5)], 10)).toEqual([]);
  });
});
