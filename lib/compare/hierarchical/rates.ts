/**
 * Rates that are smoothed along a hierarchy by empirical Bayes: a node's rate is drawn from a beta distribution around that
 * of its parent, whose strength is the likeliest for the nodes of a level. A node of few rows has nearly the rate of its
 * parent, one of many rows its own. (Gelman et al., Bayesian Data Analysis, chapter 5; Lee et al., KDD 2012.)
 */
import { likeliestStrength } from './beta-binomial.ts';
import type { Tree } from './tree.ts';

/** Rows of a tree with their outcomes. */
export interface RowsOfTree {
  /** Node of each row, by level. */
  readonly nodes: readonly Int32Array[];
  /** 0 or 1. */
  readonly label: Float32Array;
  /** 0 for a row that does not count. */
  readonly weight: Float32Array;
}

/** Smoothed rates. */
export interface Rates {
  readonly root: number;
  /** Rate of each node, by level. */
  readonly levels: readonly Float64Array[];
  /** Strength of the prior of each level: as many rows as the parent's rate counts for. */
  readonly strengths: readonly number[];
}

/** Returns the smoothed rates of all nodes; those without a row have the rate of their parent. `factor` of the likeliest. */
export function smoothedRates({ parents }: Tree, { nodes, label, weight }: RowsOfTree, factor: number): Rates {
  let [rows, positives] = [0, 0];
  for (let row = 0; row < label.length; row++) {
    rows += weight[row] as number;
    positives += (weight[row] as number) * (label[row] as number);
  }
  const root = (positives + 0.5) / (rows + 1);
  const strengths: number[] = [];
  let before = Float64Array.of(root);
  const levels = parents.map((own, level) => {
    const expected = Float64Array.from(own, (parent) => before[parent] as number);
    const [trials, successes] = [new Float64Array(own.length), new Float64Array(own.length)];
    const places = nodes[level] as Int32Array;
    for (let row = 0; row < label.length; row++) {
      const [node, counted] = [places[row] as number, weight[row] as number];
      trials[node] = (trials[node] as number) + counted;
      successes[node] = (successes[node] as number) + counted * (label[row] as number);
    }
    const strength = factor * likeliestStrength({ trials, successes, expected });
    strengths.push(strength);
    before = expected.map(
      (rate, node) => ((successes[node] as number) + strength * rate) / ((trials[node] as number) + strength),
    );
    return before;
  });
  return { root, levels, strengths };
}

/** Returns the log-odds of the rate of a row: that of its last node that is known. */
export function logOddsOf({ root, levels }: Rates, nodes: readonly Int32Array[], row: number): number {
  let rate = root;
  for (const [level, rates] of levels.entries()) {
    const node = nodes[level]?.[row] as number;
    if (node < 0) break;
    rate = rates[node] as number;
  }
  return Math.log(rate / (1 - rate));
}
