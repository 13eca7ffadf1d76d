import { describe, expect, it } from 'vitest';
import { parseDeclaration } from '../../lib/config/parse-declaration.ts';
import { epochsOfTrial, fragment, refitDeclaration, withSettings } from '../../lib/tune/refit.ts';

const SETTINGS = {
  'training.learning_rate': 0.00213,
  'training.l2_embeddings': 0,
  'model.hidden_units': [400, 160],
  'training.batch_size': 2048,
};
const textOf = (rest: string, log = '{ keys: [row] }') =>
  `name: shop # of the shop\nstages: { click: { label: c }, conversion: { label: b } }\nlog: ${log}\nfeatures: { item: { type: category, entity: item } }\n${rest}`;
const refitted = (text: string) =>
  parseDeclaration(refitDeclaration(text, parseDeclaration(text, 'a.yaml'), { settings: SETTINGS }), 'refit.yaml');

describe('a refit', () => {
  it.each([
    {
      name: 'the default split by hash',
      text: textOf(''),
      split: { by: 'hash', columns: ['row'], seed: 1, validation: 0, test: 0.1 },
    },
    {
      name: 'the default split by time',
      text: textOf('', '{ keys: [row], time: at }'),
      split: { by: 'time', validation: { share: 0 }, test: { share: 0.1 } },
    },
    {
      name: 'a hash',
      text: textOf('split: { hash: user, seed: 3, validation: 0.2, test: 0.3 }'),
      split: { by: 'hash', columns: ['user'], seed: 3, validation: 0, test: 0.3 },
    },
    {
      name: 'instants',
      text: textOf('split: { time: true, validation: 2026-05-01, test: 2026-05-08 }', '{ keys: [row], time: at }'),
      split: { by: 'time', validation: { share: 0 }, test: { from: Date.UTC(2026, 4, 8) } },
    },
    {
      name: 'a column',
      text: textOf('split: { column: part, train: [a, b], validation: [c], test: [d] }'),
      split: { by: 'column', column: 'part', train: ['a', 'b', 'c'], validation: [], test: ['d'] },
    },
  ])('trains on the validation rows, too, and leaves the test rows as they are: $name', ({ text, split }) => {
    expect(refitted(text).split).toEqual(split);
  });

  it('has the settings of the trial, and nothing to stop early by', () => {
    const { model, training } = refitted(textOf('training: { patience: 3, stop_by: click, dropout: 0.2, epochs: 7 }'));
    expect(model.hiddenUnits).toEqual([400, 160]);
    expect(training).toMatchObject({
      learningRate: 0.00213,
      l2Embeddings: 0,
      batchSize: 2048,
      dropout: 0.2,
      epochs: 7,
      patience: null,
      stopBy: 'sum',
    });
  });

  it('trains each network for the epochs that were best for it', () => {
    const network = { losses: [1], auc: {} };
    const epochsOf = epochsOfTrial({
      networks: [
        { ...network, name: 'click', bestEpoch: 3 },
        { ...network, name: 'conversion', bestEpoch: 5 },
      ],
    });
    expect([epochsOf('click'), epochsOf('conversion'), epochsOf(null)]).toEqual([3, 5, undefined]);
  });
});

describe('the settings of a trial', () => {
  it('are set in a declaration whose other lines stay, comments included', () => {
    const text = textOf('training: # by eye\n  dropout: 0.1 # a little\n');
    const edited = withSettings(text, SETTINGS);
    expect(edited).toContain('name: shop # of the shop\n');
    expect(edited).toContain('  dropout: 0.1 # a little\n  learning_rate: 0.00213\n');
  });

  it.each(['training:\n', 'training: {}\n', ''])('are set where the section is %j', (rest) => {
    expect(parseDeclaration(withSettings(textOf(rest), SETTINGS), 'a.yaml').training.batchSize).toBe(2048);
  });

  it('are a fragment to paste', () => {
    expect(fragment(SETTINGS)).toBe(
      'training:\n  learning_rate: 0.00213\n  l2_embeddings: 0\n  batch_size: 2048\nmodel:\n  hidden_units: [400, 160]',
    );
    expect(parseDeclaration(textOf(fragment(SETTINGS)), 'a.yaml').model.hiddenUnits).toEqual([400, 160]);
  });
});
