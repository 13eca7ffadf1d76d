/** The scores that the script wrote, as the outputs of the funnel. */
import { readFile } from 'node:fs/promises';
import type { StageGraph } from '../../model/stage-graph.ts';
import type { Probabilities } from '../../training/held-out/predict.ts';
import { outputsOf } from '../runs/stage-outputs.ts';

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
