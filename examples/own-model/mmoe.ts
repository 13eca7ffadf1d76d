/**
 * Multi-gate mixture of experts (Ma et al., KDD 2018, doi 10.1145/3219819.3220007) with ESMM's outputs: the towers share
 * experts, and each weighs them by a gate of its own, row by row.
 *
 *   f_k(x) = sum over experts i of  softmax(W_k x)_i e_i(x)        logit_k = tower_k(f_k(x))
 *
 * The objective and the outputs are ESMM's, because the file defines no others: the click and the conversion are learnt
 * on every row, and pctcvr = pctr * pcvr.
 */
import { defineModel } from 'entirespace/model';

const EXPERTS = 4;

export default defineModel(({ graph, input, layers, hiddenUnits }) => {
  const experts = layers.experts('experts', input, { count: EXPERTS, units: hiddenUnits });
  return Object.fromEntries(
    graph.towers.map(({ name }) => {
      const mixed = layers.mixture(`gates.${name}`, input, experts);
      return [name, layers.tower(name, mixed, { units: [16] })];
    }),
  );
});
