/** What UNBIAS is for: the rate of all impressions, where what drives the clicks is unknown to the CVR model. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseDeclaration } from '../../../lib/config/parse-declaration.ts';
import { modelOf, type TrainedModelPart, trainedParts } from '../../../lib/model/model.ts';
import { stageGraph } from '../../../lib/model/stage-graph.ts';
import { fitEncoder } from '../../../lib/table/fit/fit-encoder.ts';
import { withLog } from '../../../lib/table/open-log.ts';
import { stageRates } from '../../../lib/training/held-out/stage-rates.ts';
import type { Fitting } from '../../../lib/training/networks/fit-network.ts';
import { fitParts } from '../../../lib/training/networks/fit-parts.ts';
import { fitStageNetwork, predictStage, stageNetwork } from '../../../lib/training/networks/stage-network.ts';
import { type CachedRows, cacheRows } from '../../../lib/training/rows/cache-rows.ts';
import type { StageRates } from '../../../lib/training/weights/initial-weights.ts';
import { cellsLog, trainCells } from '../../training/cells.ts';

/** Half of the rows are clicked four times as often as the others, and then convert three times as often. */
const CELLS = [
  { rows: 30_000, click: 0.1, conversion: 0.2 },
  { rows: 30_000, click: 0.4, conversion: 0.6 },
];
const POPULATION_RATE = (0.2 + 0.6) / 2;

let folder: string;
let made = 0;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'unbias-'));
  await writeFile(join(folder, 'log.csv'), cellsLog(CELLS));
});
afterAll(() => rm(folder, { recursive: true }));

/** Opens and encodes the log for a model, and calls `use` with what networks are trained with. */
async function withRows<T>(
  model: string,
  use: (fitting: Fitting, rows: CachedRows & { readonly rates: StageRates }) => Promise<T>,
): Promise<T> {
  const declarationText = `name: cells
stages: { click: { label: clicked }, conversion: { label: bought } }
log: { keys: [row] }
split: { column: part, train: [train], validation: [validation], test: [test] }
features:
  cell: { type: category, entity: item, dimension: 4 }
  noise: { type: category, entity: item, dimension: 4 }
model: { hidden_units: [8], ${model} }
training: { batch_size: 512, epochs: 4, patience: null, learning_rate: 0.02, learning_rate_decay: linear }
`;
  const scratch = join(folder, String(made++));
  await mkdir(scratch);
  const declaration = parseDeclaration(declarationText, 'cells.yaml');
  const dataPath = join(folder, 'log.csv');
  const options = { declaration, declarationText, dataPath, scratch, threads: 1, memoryLimitMiB: 512 };
  return withLog(options, async (opened) => {
    const { encoder, summary } = await fitEncoder(opened.database, opened.log);
    const rows = await cacheRows(opened, { ...options, encoder, summary, propensitiesOf: ['click'] });
    return use({ opened, options, encoder }, { ...rows, rates: stageRates(summary) });
  });
}

/** Trains a CVR network that does not know the cells, and returns the mean of its predictions over all rows. */
function rateWithout(model: string): Promise<number> {
  return withRows(model, async (fitting, rows) => {
    const part = conversionPart(fitting);
    const [network] = await fitParts(fitting, [part], rows);
    const named = { name: 'conversion', stage: 'conversion', model: part.model };
    const rates = await predictStage(fitting, named, network as NonNullable<typeof network>, rows.test);
    return rates.reduce((a, b) => a + b, 0) / rates.length;
  });
}

function conversionPart({ opened, encoder }: Fitting): TrainedModelPart {
  const { declaration } = opened.log;
  const known = <T extends { readonly name: string }>(all: readonly T[]) => all.filter(({ name }) => name !== 'cell');
  const [inputs, tables] = [known(encoder.inputs), known(encoder.tables)];
  const whole = modelOf(stageGraph(declaration), declaration.model, inputs, tables);
  return trainedParts(whole, tables).find(({ name }) => name === 'conversion') as TrainedModelPart;
}

describe('a CVR network that does not know what drives the clicks', () => {
  it('misses the rate of all impressions by more than a fifth as that of base', async () => {
    expect(await rateWithout('type: base')).toBeGreaterThan(1.2 * POPULATION_RATE);
  });

  it.each(['rejection', 'weights'])('recovers it within 3 hundredths as that of unbias, by %s', async (correction) => {
    const rate = await rateWithout(`type: unbias, correction: ${correction}`);
    expect(Math.abs(rate / POPULATION_RATE - 1)).toBeLessThan(0.03);
  });
});

describe('unbias', () => {
  it('predicts what base predicts where it knows what drives the clicks', async () => {
    const { predictions, trained } = await trainCells(join(folder, 'whole'), CELLS, {
      model: 'type: unbias',
      batchSize: 512,
    });
    for (const [i, { click, conversion }] of CELLS.entries()) {
      expect(Math.abs((predictions[i]?.pctr as number) / click - 1)).toBeLessThan(0.03);
      expect(Math.abs((predictions[i]?.pcvr as number) / conversion - 1)).toBeLessThan(0.06);
    }
    expect(trained.networks.map(({ name }) => name)).toEqual(['click', 'conversion']);
    expect(trained.isCalibrated).toBe(true);
  });
});

describe('a CTR network that the models of a comparison share', () => {
  it('is trained once, predicts any rows, and is not the one of a model', async () => {
    await withRows('type: base', async (fitting, rows) => {
      const shared = stageNetwork(fitting, 'click', 'shared CTR');
      const network = await fitStageNetwork(fitting, shared, rows);
      const predicted = await predictStage(fitting, shared, network, rows.test);
      for (const [cell, { click }] of CELLS.entries())
        expect(Math.abs((predicted[cell * 100] as number) / click - 1)).toBeLessThan(0.05);
      const model = modelOf(
        stageGraph(fitting.opened.log.declaration),
        fitting.opened.log.declaration.model,
        fitting.encoder.inputs,
        fitting.encoder.tables,
      );
      const [own] = await fitParts(fitting, trainedParts(model, fitting.encoder.tables).slice(0, 1), rows);
      expect(Object.keys(network.weights.tables)).toEqual(Object.keys(own?.weights.tables ?? {}));
      expect(network.weights).not.toEqual(own?.weights);
    });
  });
});
