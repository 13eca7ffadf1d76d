/** Models of every kind, whose training steps PyTorch must make as the product does. */
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { bundleAndSteps, FEATURES, SEQUENCE, shop, shopLog } from './bundles.ts';

const STEPS = 20;

const ESM2 = `click: { label: clicked }
  action: { label: wished }
  other: { complement_of: action }
  buy: { from: [action, other], label: bought }
roles: { click: click, conversion: buy }`;

/** Models with a network that chooses its rows: few of them, in small batches. */
const choosing = (model: string, training = '') =>
  shop({
    model: `{ hidden_units: [8], type: ${model} }`,
    training: `{ batch_size: 32, epochs: 8, ${training} }`,
  });
const late = (model: string) =>
  shop({
    stages: 'click: { label: clicked }\n  conversion: { label: bought, at: bought_at, within: 1d }',
    log: '{ keys: [row], outcomes: [wished], time: shown_at }',
    model: `{ hidden_units: [8], type: ${model} }`,
  });

/** Declarations over the shop's log, by what is particular in each. */
export const CASES: Readonly<Record<string, string>> = {
  esmm: shop(),
  'esmm, users together': shop({ log: '{ keys: [row], outcomes: [wished], group: user }' }),
  'tables with many more rows than a batch has ids': shop({
    features: FEATURES.replace('hash: 64', 'hash: 50000'),
    training: '{ batch_size: 128, epochs: 3, l2_embeddings: 0.01 }',
  }),
  'esmm-ns with wide features': shop({ model: '{ type: esmm-ns, hidden_units: [8], wide: [item, history] }' }),
  'mmoe with crosses': shop({ model: '{ hidden_units: [8], tower: mmoe, crosses: dcn }' }),
  ple: shop({ model: '{ hidden_units: [8], tower: ple }' }),
  esm2: shop({ stages: ESM2, log: '{ keys: [row] }' }),
  'escm2-dr': shop({ model: '{ type: escm2-dr, hidden_units: [8] }' }),
  'escm2-ips': shop({ model: '{ type: escm2-ips, hidden_units: [8] }' }),
  dcmt: shop({ model: '{ type: dcmt, hidden_units: [8] }' }),
  aitm: shop({ model: '{ type: aitm, hidden_units: [8] }' }),
  division: shop({ model: '{ type: division, hidden_units: [8] }' }),
  base: choosing('base'),
  'base, three networks': shop({
    stages:
      'click: { label: clicked }\n  wish: { label: wished }\n  buy: { label: bought, inconsistent: and, max_inconsistent: 1 }',
    log: '{ keys: [row], group: user }',
    model: '{ type: base, hidden_units: [8] }',
    training: '{ batch_size: 32, epochs: 8 }',
  }),
  'aman, warm-up and decay': choosing('aman, rate: 0.3', 'warmup_steps: 5, learning_rate_decay: linear'),
  oversampling: choosing('oversampling, factor: 3', 'optimizer: adagrad, learning_rate: 0.05, l2_embeddings: 0.01'),
  'unbias by rejection': choosing('unbias, quantile: 0.5'),
  'unbias by weights': choosing('unbias, correction: weights', 'learning_rate: 0.01'),
  delayed: late('delayed'),
  'delay-buckets': late('delay-buckets, buckets: [6h]'),
  'attention over a sequence': shop({ features: SEQUENCE }),
  'a model file': shop({ model: '{ file: ./examples/own-model/mmoe.ts, hidden_units: [8] }' }),
  adagrad: shop({
    training: '{ batch_size: 128, epochs: 3, optimizer: adagrad, learning_rate: 0.05, l2_embeddings: 0.01 }',
  }),
  'rowwise adagrad': shop({
    training: '{ batch_size: 128, epochs: 3, optimizer: rowwise_adagrad, learning_rate: 0.05 }',
  }),
  'momentum, warm-up and decay': shop({
    training:
      '{ batch_size: 128, epochs: 3, optimizer: sgd, momentum: 0.9, learning_rate: 0.1, warmup_steps: 5, learning_rate_decay: cosine }',
  }),
};

/**
 * Writes the bundle of each network to `<folder>/<case>/<its number>`, and the losses of the first steps of the product's
 * own engine beside it, to `<its number>.losses`: a line of JSON for each step.
 */
export async function writeCases(folder: string): Promise<void> {
  const dataPath = join(folder, 'log.csv');
  await writeFile(dataPath, shopLog(2_000));
  for (const [name, declarationText] of Object.entries(CASES)) {
    const own = join(folder, name);
    await mkdir(own);
    const networks = await bundleAndSteps(own, { declarationText, dataPath, steps: STEPS });
    for (const [index, steps] of networks.entries())
      await writeFile(join(own, `${index}.losses`), `${steps.map((step) => JSON.stringify(step)).join('\n')}\n`);
    for (const shared of ['bundle', 'scratch']) await rm(join(own, shared), { recursive: true });
  }
}
