/** The trainer in PyTorch makes the steps that the product's own engine makes. */
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bundleAndSteps, FEATURES, python, SEQUENCE, shop, shopLog, TRAINER } from './bundles.ts';

const STEPS = 20;
const SCRIPT = fileURLToPath(new URL('run_steps.py', import.meta.url));
const ESM2 = `click: { label: clicked }
  action: { label: wished }
  other: { complement_of: action }
  buy: { from: [action, other], label: bought }
roles: { click: click, conversion: buy }`;

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

/** Cases that two processes train, too. */
const TWO = ['esmm', 'esmm-ns with wide features', 'adagrad', 'tables with many more rows than a batch has ids'];

let folder = '';
const at = (...names: string[]) => join(folder, ...names);
const own: Record<string, Record<string, number>[]> = {};
const losses = async (path: string): Promise<Record<string, number>[]> =>
  (await readFile(path, 'utf8'))
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'entirespace-torch-'));
  await writeFile(at('log.csv'), shopLog(2_000));
  const pairs: string[] = [];
  for (const [index, [name, declarationText]] of Object.entries(CASES).entries()) {
    await mkdir(at(String(index)));
    own[name] = await bundleAndSteps(at(String(index)), { declarationText, dataPath: at('log.csv'), steps: STEPS });
    pairs.push(at(String(index), 'bundle'), at(String(index), 'losses'));
  }
  await python([SCRIPT, String(STEPS), ...pairs]);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

function expectSame(actual: readonly Record<string, number>[], expected: readonly Record<string, number>[]): void {
  expect(actual).toHaveLength(STEPS);
  for (const [step, values] of expected.entries()) {
    expect(Object.keys(actual[step] ?? {})).toEqual(Object.keys(values));
    for (const [name, value] of Object.entries(values)) {
      const difference = Math.abs((actual[step]?.[name] ?? Number.NaN) - value);
      expect(difference, `${name} at step ${step + 1}`).toBeLessThanOrEqual(1e-5 * Math.abs(value));
    }
  }
}

describe('twenty steps in PyTorch', () => {
  it.each(Object.keys(CASES))('have the losses of the product for %s', async (name) => {
    expectSame(await losses(at(String(Object.keys(CASES).indexOf(name)), 'losses')), own[name] ?? []);
  });

  it.each(
    TWO.flatMap((name) => [
      { name, how: 'which have all tables', options: [] },
      { name, how: 'which divide the tables', options: ['--divide-tables'] },
    ]),
  )('are the same by two processes, $how, for $name', async ({ name, how, options }) => {
    const bundle = at(String(Object.keys(CASES).indexOf(name)), 'bundle');
    const [out, file] = [at(`${name} ${how}`), at(`${name} ${how}.losses`)];
    await python([TRAINER, bundle, out, '--device', 'cpu', '--steps', String(STEPS), '--losses', file, ...options], 2);
    expectSame(await losses(file), own[name] ?? []);
  });
});
