import { describe, expect, it } from 'vitest';
import { modelOf } from '../../../lib/model/model.ts';
import { stageGraph } from '../../../lib/model/stage-graph.ts';
import { rareStageNotes } from '../../../lib/training/networks/rare-stages.ts';
import { stage } from '../../model/funnels.ts';

/** Rates of Ali-CCP. Entropies by hand: 0.04 has 0.16794 nats, 0.0002 has 0.0019034, 88.2 times less. */
const RATES = { click: 0.04, conversion: 0.0002 };

const model = (type: 'esmm' | 'esmm-ns', weight = 1) => {
  const stages = [stage('click', 'impression'), stage('conversion', 'click', { weight })];
  const graph = stageGraph({ root: 'impression', stages, roles: null });
  return modelOf(graph, { type, hiddenUnits: [2], fields: 'concatenate' }, [], []);
};

describe('a rare stage', () => {
  it('is told with weights to try, where it trains the same embeddings as a frequent one', () => {
    expect(rareStageNotes(model('esmm'), RATES)).toEqual([
      'the loss of conversion is 1/88 of that of click, so that the embeddings which they share are trained for click: try stages.conversion.weight from 9.4 to 88 (it is 1)',
    ]);
  });

  it('is told by its weighted loss', () => {
    expect(rareStageNotes(model('esmm', 2), RATES)).toEqual([
      'the loss of conversion is 1/44 of that of click, so that the embeddings which they share are trained for click: try stages.conversion.weight from 13 to 88 (it is 2)',
    ]);
    expect(rareStageNotes(model('esmm', 5), RATES)).toEqual([]);
  });

  it('is not told where each tower has embeddings of its own', () => {
    expect(rareStageNotes(model('esmm-ns'), RATES)).toEqual([]);
  });

  it('is not printed for stages that are about as frequent, or that no row reached', () => {
    expect(rareStageNotes(model('esmm'), { click: 0.146, conversion: 0.009 })).toEqual([]);
    expect(rareStageNotes(model('esmm'), { click: 0.04, conversion: 0 })).toEqual([]);
  });
});
