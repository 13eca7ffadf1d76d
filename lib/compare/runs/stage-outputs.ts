import { labelledBefore, type StageGraph } from '../../model/stage-graph.ts';
import type { Probabilities } from '../../training/held-out/predict.ts';

/** The outputs between labelled stages: products of the conditional probabilities along the way. */
export function outputsOf(graph: StageGraph, conditional: Readonly<Record<string, Float32Array>>): Probabilities {
  const isMeasured = (stage: string) => stage === graph.root || stage in conditional;
  const outputs = graph.outputs.filter(({ from, to }) => isMeasured(from) && isMeasured(to));
  return Object.fromEntries(outputs.map(({ name, from, to }) => [name, probabilityOf(from, to)]));

  function probabilityOf(from: string, to: string): Float32Array {
    const own = conditional[to] as Float32Array;
    const before = labelledBefore(graph, to);
    if (before === from) return own;
    const ofBefore = probabilityOf(from, before);
    return own.map((value, row) => value * (ofBefore[row] as number));
  }
}
