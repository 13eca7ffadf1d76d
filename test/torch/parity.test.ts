/** The trainer in PyTorch makes the steps that the product's own engine makes. */
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseDeclaration } from '../../lib/config/parse-declaration.ts';
import { MODEL_TYPES } from '../../lib/config/sections/model.ts';
import { bundleAndSteps, FEATURES, python, SEQUENCE, type Steps, shop, shopLog } from './bundles.ts';

const STEPS = 20;
const TIMEOUT = 5 * 60_000;
const SCRIPT = fileURLToPath(new URL('run_steps.py', import.meta.url));
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

const CASES: Readonly<Record<string, string>> = {
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

/** How the steps are made: by so many processes, with these options of the trainer. */
const WAYS = [
  { how: 'one process', processes: 1, options: '' },
  { how: 'two processes, which have all tables', processes: 2, options: '' },
  { how: 'two processes, which divide the tables', processes: 2, options: '--divide-tables' },
];

let folder = '';
const at = (...names: string[]) => join(folder, ...names);
const NAMES = Object.keys(CASES);
/** By case, the steps of each of its networks. */
const own = new Map<string, readonly Steps[]>();

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'entirespace-torch-'));
  await writeFile(at('log.csv'), shopLog(2_000));
  for (const [name, declarationText] of Object.entries(CASES)) {
    await mkdir(at(name));
    own.set(name, await bundleAndSteps(at(name), { declarationText, dataPath: at('log.csv'), steps: STEPS }));
  }
}, TIMEOUT);
afterAll(() => rm(folder, { recursive: true, force: true }));

function expectSame(actual: Steps, expected: Steps): void {
  expect(actual).toHaveLength(STEPS);
  for (const [step, values] of expected.entries()) {
    expect(Object.keys(actual[step] ?? {})).toEqual(Object.keys(values));
    for (const [name, value] of Object.entries(values)) {
      const difference = Math.abs((actual[step]?.[name] ?? Number.NaN) - value);
      expect(difference, `${name} at step ${step + 1}`).toBeLessThanOrEqual(1e-5 * Math.abs(value));
    }
  }
}

it('every model of the family is exported', () => {
  const types = Object.values(CASES).map((text) => parseDeclaration(text, 'shop.yaml').model.type);
  expect(new Set(types)).toEqual(new Set(MODEL_TYPES));
});

describe.each(WAYS)('twenty steps in PyTorch by $how', ({ how, processes, options }) => {
  const lossesOf = (name: string, index: number) => at(name, `${index} by ${how}`);
  beforeAll(async () => {
    const networks = [...own].flatMap(([name, steps]) => [...steps.keys()].map((index) => ({ name, index })));
    const pairs = networks.flatMap(({ name, index }) => [at(name, String(index)), lossesOf(name, index)]);
    await python([SCRIPT, String(STEPS), options, ...pairs], processes);
  }, TIMEOUT);

  it.each(NAMES)('have the losses of the product for each network of %s', async (name) => {
    const expected = own.get(name) ?? [];
    expect(expected).not.toEqual([]);
    for (const [index, steps] of expected.entries()) {
      const lines = (await readFile(lossesOf(name, index), 'utf8')).trimEnd().split('\n');
      expectSame(
        lines.map((line) => JSON.parse(line)),
        steps,
      );
    }
  });
});
