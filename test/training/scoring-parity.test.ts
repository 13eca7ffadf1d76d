import { describe, expect, it } from 'vitest';
import { traceScores } from '../../lib/engine/ort/scoring-graph.ts';
import { Session } from '../../lib/engine/ort/session.ts';
import { onnxBytes } from '../../lib/graph/onnx-file.ts';
import { stageGraph } from '../../lib/model/stage-graph.ts';
import { firstWeights } from '../engine/first-weights.ts';
import { inputsOf, smallChunk, smallModel } from '../engine/small-model.ts';
import { chainOfTwo, esm2 } from '../model/funnels.ts';

const RATES = { click: 0.04, conversion: 2e-4, action: 0.01, buy: 2e-4 };

describe('the scoring graph', () => {
  it('takes encoded inputs by name, with an open batch', () => {
    const model = smallModel();
    const graph = traceScores(model, inputsOf(model), firstWeights(model, RATES, 1));
    expect(graph.inputs).toEqual([
      { name: 'city', type: 'int64', shape: [{ batch: 1 }] },
      { name: 'history', type: 'int64', shape: [{ batch: 1 }, 4] },
      { name: 'history_weights', type: 'float32', shape: [{ batch: 1 }, 4] },
      { name: 'age', type: 'float32', shape: [{ batch: 1 }] },
      { name: 'item', type: 'int64', shape: [{ batch: 1 }] },
      { name: 'price', type: 'float32', shape: [{ batch: 1 }] },
      { name: 'score', type: 'float32', shape: [{ batch: 1 }] },
    ]);
  });

  it.each([
    { name: 'two stages', graph: stageGraph(chainOfTwo), outputs: ['p_click_entire'] },
    { name: 'three stages', graph: undefined, outputs: ['pctr', 'pcvr', 'pctcvr'] },
    { name: 'ESM2', graph: stageGraph(esm2), outputs: ['pctr', 'pcvr', 'pctcvr', 'p_action', 'p_action_entire'] },
  ])('names its outputs: $name', ({ graph, outputs }) => {
    const model = smallModel('concatenate', graph);
    const scores = traceScores(model, inputsOf(model), firstWeights(model, RATES, 1));
    expect(scores.outputs.map(({ name }) => name)).toEqual(outputs);
  });

  it('has no Sigmoid, and pctcvr is the product of the other two', async () => {
    const model = smallModel();
    const graph = traceScores(model, inputsOf(model), firstWeights(model, RATES, 1));
    expect(graph.nodes.map(({ op }) => op)).not.toContain('Sigmoid');
    const { pctr, pcvr, pctcvr } = await score(onnxBytes(graph), 100);
    pctcvr?.forEach((product, row) => {
      expect(Math.abs(product / ((pctr?.[row] ?? 0) * (pcvr?.[row] ?? 0)) - 1)).toBeLessThan(1e-5);
    });
  });

  it('gives a row the same score alone as among others', async () => {
    const model = smallModel('sum_by_entity');
    const bytes = onnxBytes(traceScores(model, inputsOf(model), firstWeights(model, RATES, 1)));
    const together = await score(bytes, 64);
    for (const row of [0, 13, 55]) {
      const alone = await score(bytes, 1, row);
      for (const name of ['pctr', 'pcvr', 'pctcvr']) {
        expect(Math.abs((alone[name]?.[0] ?? 0) / (together[name]?.[row] ?? 0) - 1)).toBeLessThan(1e-6);
      }
    }
  });

  it('starts at the base rates', async () => {
    const model = smallModel();
    const scores = await score(onnxBytes(traceScores(model, inputsOf(model), firstWeights(model, RATES, 1))), 4096);
    const mean = (values: Float32Array = new Float32Array()) => values.reduce((a, b) => a + b, 0) / values.length;
    expect(mean(scores.pctr) / RATES.click).toBeGreaterThan(0.8);
    expect(mean(scores.pctr) / RATES.click).toBeLessThan(1.2);
    expect(mean(scores.pctcvr) / RATES.conversion).toBeGreaterThan(0.8);
    expect(mean(scores.pctcvr) / RATES.conversion).toBeLessThan(1.2);
  });
});

async function score(bytes: Uint8Array, rows: number, from = 0): Promise<Record<string, Float32Array>> {
  const { ids, weights, numbers } = smallChunk(rows, from);
  const session = await Session.open(bytes, { threads: 1 });
  const inputs = {
    city: { data: BigInt64Array.from(ids.city ?? [], BigInt), shape: [rows] },
    item: { data: BigInt64Array.from(ids.item ?? [], BigInt), shape: [rows] },
    history: { data: BigInt64Array.from(ids.history ?? [], BigInt), shape: [rows, 4] },
    history_weights: { data: weights.history as Float32Array, shape: [rows, 4] },
    ...Object.fromEntries(
      Object.entries(numbers).map(([name, data]) => [
        name,
        { data, shape: data.length === rows ? [rows] : [rows, data.length / rows] },
      ]),
    ),
  };
  const outputs = await session.run(inputs);
  await session.release();
  return outputs as Record<string, Float32Array>;
}
