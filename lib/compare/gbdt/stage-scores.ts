/** The scores that the script wrote, as the outputs of the funnel. */
import { readFile } from 'node:fs/promises';
import { labelledBefore, type StageGraph } from '../../model/stage-graph.ts';
import type { Probabilities } from '../../training/held-out/predict.ts';

/** Reads the probabilities of the stages, and multiplies them to those that are measured. */
export async function readScores(
  path: string,
  graph: StageGraph,
  rows: Readonly<Record<'validation' | 'test', number>>,
): Promise<Record<'validation' | 'test', Probabilities>> {
  const bytes = await readFile(path);
  const values = new Float32Array(new Uint8Array(bytes).buffer);
  const conditional = { validation: {}, test: {} } as Record<'validation' | 'test', Record<string, Float32Array>>;
  let at = 0;
  for (const { name } of graph.labelled)
    for (const part of ['validation', 'test'] as const) {
      conditional[part][name] = values.subarray(at, at + rows[part]);
      at += rows[part];
    }
  return { validation: outputsOf(graph, conditional.validation), test: outputsOf(graph, conditional.test) };
}

/** The outputs between labelled stages: products of the conditional probabilities along the way. */
function outputsOf(graph: StageGraph, conditional: Readonly<Record<string, Float32Array>>): Probabilities {
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
