import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { readDeclaration } from '../../lib/config/parse-declaration.ts';
import { type ModelSizes, modelOf, type NetworkOf } from '../../lib/model/model.ts';
import { stageGraph } from '../../lib/model/stage-graph.ts';
import { loadModelFile } from '../../lib/own-model/model-file.ts';
import { INPUTS, TABLES } from '../engine/small-model.ts';
import { chainOfThree } from '../model/funnels.ts';
import { allFormulas } from '../own-model/formulas.ts';
import { modelFiles } from '../own-model/model-files.ts';

const folder = fileURLToPath(new URL('../../examples/own-model/', import.meta.url));
const source = await readFile(`${folder}mmoe.ts`, 'utf8');
const files = modelFiles();

/** Shared hidden layers under the towers: what a mixture of one expert is. */
const SHARED_BOTTOM = `import { defineModel } from 'entirespace/model';

export default defineModel(({ graph, input, layers, hiddenUnits }) => {
  const shared = layers.mlp('experts.0', input, { units: hiddenUnits });
  return Object.fromEntries(graph.towers.map(({ name }) => [name, layers.tower(name, shared, { units: [16] })]));
});
`;

function modelBy(own: NetworkOf | null, more: Partial<ModelSizes> = {}) {
  const choice = { type: 'esmm', hiddenUnits: [32], fields: 'concatenate', ...more } as const;
  return modelOf(stageGraph(chainOfThree), choice, INPUTS, TABLES, own);
}

describe('examples/own-model', () => {
  it('is a model in under 60 lines', async () => {
    expect(source.split('\n').length).toBeLessThan(60);
    const fileName = `${folder}entirespace.yaml`;
    const { declaration, text } = await readDeclaration(fileName);
    const loaded = await loadModelFile({ declaration, text, fileName, folder });
    expect(loaded?.parameters.map(({ name }) => name)).toContain('gates.conversion.weight');
  });

  it('computes what tower: mmoe computes, to the bit', async () => {
    const { networkOf } = await files.load({ 'my-model.ts': source });
    const ours = modelBy(null, { hiddenUnits: [16], experts: { shared: 4, own: 0, units: [32], levels: 1 } });
    const rename = (name: string) =>
      name.replace(/^experts\.(\d)/, 'level0.shared$1').replace(/^gates\.(\w+)/, '$1.level0.gate');
    expect(allFormulas(modelBy(networkOf), rename)).toEqual(allFormulas(ours));
  });

  it('computes with one expert what shared hidden layers compute, to the bit', async () => {
    const one = await files.load({ 'my-model.ts': source.replace('EXPERTS = 4', 'EXPERTS = 1') });
    const shared = await files.load({ 'my-model.ts': SHARED_BOTTOM });
    expect(allFormulas(modelBy(one.networkOf))).toEqual(allFormulas(modelBy(shared.networkOf)));
  });
});
