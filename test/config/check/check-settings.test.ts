import { describe, expect, it } from 'vitest';
import { parseDeclaration } from '../../../lib/config/parse-declaration.ts';
import { declare, mistakesIn } from '../declare.ts';

const timed = '{ keys: [id], time: ts }';
const shares = 'a share of at least 0 and below 1';

describe('a split', () => {
  it.each([
    {
      name: 'by hash that leaves no rows for training',
      split: '{ hash: id, validation: 0.5, test: 0.5 }',
      mistakes: ['split: got validation 0.5 and test 0.5, expected less than 1 together: the rest is for training'],
    },
    {
      name: 'by time that leaves no rows for training',
      split: '{ time: true, validation: 0.2, test: 0.9 }',
      mistakes: ['split: got validation 0.2 and test 0.9, expected less than 1 together: the rest is for training'],
    },
    {
      name: 'with shares out of range',
      split: '{ hash: id, validation: -0.1, test: 1 }',
      mistakes: [`split.validation: got -0.1, expected ${shares}`, `split.test: got 1, expected ${shares}`],
    },
    {
      name: 'with a day that does not exist',
      split: '{ time: true, validation: 2026-02-30 }',
      mistakes: [
        `split.validation: got "2026-02-30", expected ${shares}, or an instant such as 2026-05-08 or 2026-05-08T06:00:00Z`,
      ],
    },
    {
      name: 'whose test rows come before its validation rows',
      split: '{ time: true, validation: 2026-05-08, test: 2026-05-01 }',
      mistakes: ['split.test: got 2026-05-01, expected an instant after that of validation, 2026-05-08'],
    },
    {
      name: 'with one value in two parts',
      split: '{ column: part, train: [1], validation: ["1"], test: [b, b] }',
      mistakes: [
        'split.validation[0]: got 1, a value of train already, expected it once',
        'split.test[1]: got b, a value of test already, expected it once',
      ],
    },
    {
      name: 'with no training values',
      split: '{ column: part, test: [a] }',
      mistakes: ['split.train: missing, expected a list of values'],
    },
    {
      name: 'of two kinds',
      split: '{ hash: id, time: true }',
      mistakes: ['split: got a map with hash, time, expected exactly one of hash, time, column'],
    },
    {
      name: 'of no kind',
      split: '{ test: 0.5 }',
      mistakes: ['split: got a map with test, expected exactly one of hash, time, column'],
    },
    {
      name: 'that is not a map',
      split: 'time',
      mistakes: ['split: got "time", expected exactly one of hash, time, column'],
    },
    {
      name: 'by time: false',
      split: '{ time: false }',
      mistakes: ['split.time: got false, expected true'],
    },
  ])('$name is refused', ({ split, mistakes }) => {
    expect(mistakesIn({ log: timed, split })).toEqual(mistakes);
  });
});

describe('the time column', () => {
  it('is required by a split by time and by within', () => {
    const stages = '{ click: { label: c, within: 30m } }';
    expect(mistakesIn({ stages, split: '{ time: true }' })).toEqual([
      'stages.click.within: got 30m, expected the time column in log.time',
      'split.time: got a split by time, expected the time column in log.time',
    ]);
  });

  it('is not reported as missing where the log is malformed', () => {
    expect(mistakesIn({ log: '{ keys: [id], tme: ts }', split: '{ time: true }' })).toEqual([
      'log.tme: unknown key, did you mean time? expected one of keys, time, follow_up, group, kept, weight, outcomes, truth, max_rejected',
    ]);
  });
});

describe('patience', () => {
  it.each([
    { name: 'a hash', split: '{ hash: id, validation: 0 }' },
    { name: 'time', split: '{ time: true, validation: 0 }' },
    { name: 'a column', split: '{ column: part, train: [a] }' },
  ])('is refused where the split by $name has no validation rows', ({ split }) => {
    expect(mistakesIn({ log: timed, split, training: '{ patience: 3 }' })).toEqual([
      'training.patience: got 3, expected validation rows in split, or null',
    ]);
  });
});

describe('stop_by', () => {
  it.each(['sum', 'click', 'conversion', 'pctr', 'pcvr', 'pctcvr'])('may be %s', (stopBy) => {
    const { training } = parseDeclaration(declare({ training: `{ stop_by: ${stopBy} }` }), 'entirespace.yaml');
    expect(training.stopBy).toBe(stopBy);
  });

  it('is a loss or an output of the model', () => {
    expect(mistakesIn({ training: '{ stop_by: conversoin }' })).toEqual([
      'training.stop_by: no loss or output conversoin, did you mean conversion? expected one of sum, click, conversion, pctr, pcvr, pctcvr',
    ]);
    expect(mistakesIn({ stages: '{ visit: { label: v }, buy: { label: b } }', training: '{ stop_by: pcvr }' })).toEqual(
      ['training.stop_by: no loss or output pcvr, expected one of sum, visit, buy'],
    );
  });

  it('needs validation rows', () => {
    const split = '{ column: part, train: [a], test: [b] }';
    expect(mistakesIn({ split, training: '{ stop_by: click }' })).toEqual([
      'training.stop_by: got click, expected validation rows in split, or sum',
    ]);
  });
});

describe('momentum', () => {
  it.each(['adam', 'adagrad', 'rowwise_adagrad'])('is refused where the optimizer is %s', (optimizer) => {
    expect(mistakesIn({ training: `{ optimizer: ${optimizer}, momentum: 0.9 }` })).toEqual([
      `training.momentum: got 0.9 with optimizer ${optimizer}, expected optimizer sgd, or 0`,
    ]);
  });

  it.each([
    ['{ optimizer: sgd, momentum: 0.9 }', 0.9],
    ['{ optimizer: sgd }', 0],
    ['{ optimizer: adagrad, momentum: 0 }', 0],
  ])('of %s is %f', (training, momentum) => {
    expect(parseDeclaration(declare({ training }), 'entirespace.yaml').training.momentum).toBe(momentum);
  });
});

describe('calibration', () => {
  it('is refused where the split has no validation rows', () => {
    const split = '{ hash: id, validation: 0 }';
    expect(mistakesIn({ log: timed, split, training: '{ calibration: platt }' })).toEqual([
      'training.calibration: got platt, expected validation rows in split, or none',
    ]);
  });

  it('is refused where stages are in an exclusive group', () => {
    const stages =
      '{ cart: { from: impression, label: c, exclusive: way }, wish: { from: impression, label: w, exclusive: way } }';
    expect(mistakesIn({ stages, training: '{ calibration: isotonic }' })).toEqual([
      'training.calibration: got isotonic with cart in an exclusive group, expected none',
    ]);
  });

  it('of something is refused where nothing is calibrated', () => {
    expect(mistakesIn({ training: '{ calibration_of: product }' })).toEqual([
      'training.calibration_of: got product without calibration, expected calibration platt or isotonic beside it',
    ]);
  });

  it('of the product is refused where a stage is reached through a complement alone, and no sooner', () => {
    const stages = (leave: string) =>
      `{ click: { label: c }, act: { label: a }, other: { complement_of: act }, buy: { from: [act, other], label: b }${leave} }`;
    const training = '{ calibration: platt, calibration_of: product }';
    expect(() => parseDeclaration(declare({ stages: stages(''), training }), 'entirespace.yaml')).not.toThrow();
    expect(mistakesIn({ stages: stages(', leave: { from: other, label: l }'), training })).toEqual([
      'training.calibration_of: got product with leave after other alone, expected edges, or auto',
    ]);
  });
});

describe('a value that the schema does not allow', () => {
  it.each([
    {
      section: 'training',
      text: '{ batch_size: 0 }',
      mistake: 'training.batch_size: got 0, expected a whole number from 1 to 524288',
    },
    {
      section: 'training',
      text: '{ epochs: 1.5 }',
      mistake: 'training.epochs: got 1.5, expected a whole number from 1 to 10000',
    },
    {
      section: 'training',
      text: '{ learning_rate: 0 }',
      mistake: 'training.learning_rate: got 0, expected a number above 0 and at most 1000',
    },
    {
      section: 'training',
      text: '{ learning_rate: .inf }',
      mistake: 'training.learning_rate: got Infinity, expected a number above 0 and at most 1000',
    },
    {
      section: 'training',
      text: '{ l2_embeddings: -1 }',
      mistake: 'training.l2_embeddings: got -1, expected a number of at least 0',
    },
    {
      section: 'training',
      text: '{ optimizer: adamw }',
      mistake: 'training.optimizer: got "adamw", expected one of "adam", "adagrad", "rowwise_adagrad", "sgd"',
    },
    {
      section: 'training',
      text: '{ optimizer: sgd, momentum: 1 }',
      mistake: `training.momentum: got 1, expected ${shares}`,
    },
    {
      section: 'training',
      text: '{ warmup_steps: -1 }',
      mistake: 'training.warmup_steps: got -1, expected a whole number of at least 0',
    },
    {
      section: 'training',
      text: '{ learning_rate_decay: exponential }',
      mistake: 'training.learning_rate_decay: got "exponential", expected one of "none", "linear", "cosine"',
    },
    { section: 'training', text: '{ dropout: 1 }', mistake: `training.dropout: got 1, expected ${shares}` },
    {
      section: 'scoring',
      text: '{ max_rejected: 2 }',
      mistake: 'scoring.max_rejected: got 2, expected a share from 0 to 1',
    },
    {
      section: 'scoring',
      text: '{ columns: id }',
      mistake: 'scoring.columns: got "id", expected one of "keys", "all"',
    },
    {
      section: 'model',
      text: '{ hidden_units: [] }',
      mistake: 'model.hidden_units: got an empty list, expected at least one layer',
    },
    {
      section: 'model',
      text: '{ type: mmoe }',
      mistake:
        'model.type: got "mmoe", expected one of "esmm", "esmm-ns", "base", "aman", "oversampling", "escm2-ips", "escm2-dr", "dcmt", "division", "unbias", "aitm", "delayed", "delay-buckets"',
    },
    {
      section: 'log',
      text: '{ keys: [id], kept: 0 }',
      mistake: 'log.kept: got 0, expected a rate above 0 and at most 1, or a column name',
    },
    { section: 'log', text: '{ keys: id }', mistake: 'log.keys: got "id", expected a list' },
  ])('is refused: $section $text', ({ section, text, mistake }) => {
    expect(mistakesIn({ [section]: text })).toEqual([mistake]);
  });
});

describe('the gate', () => {
  it.each([
    ['{ min_conversions: 0 }', 'gate.min_conversions: got 0, expected a whole number of at least 1'],
    ['{ max_age: 30 }', 'gate.max_age: got 30, expected a duration such as 7d, 36h or 30m'],
    ['{ tolerance: 1 }', `gate.tolerance: got 1, expected ${shares}`],
    ['{ label_rate: 1 }', 'gate.label_rate: got 1, expected a factor above 1'],
    ['{ max_unknown: 1.1 }', 'gate.max_unknown: got 1.1, expected a share from 0 to 1'],
    ['{ drift: 0 }', 'gate.drift: got 0, expected a number above 0'],
  ])('is refused with %s', (gate, mistake) => {
    expect(mistakesIn({ gate })).toEqual([mistake]);
  });

  it.each(['[1.1, 1.5]', '[0.5, 0.9]', '[0.5]', '0.5'])(
    'is refused with limits of pcoc that do not lie on either side of 1: %s',
    (pcoc) => {
      for (const mistake of mistakesIn({ gate: `{ pcoc: ${pcoc} }` }))
        expect(mistake).toMatch(/^gate\.pcoc.* expected two limits around 1, the lower first: \[0\.67, 1\.5\]$/);
      expect(mistakesIn({ gate: `{ pcoc: ${pcoc} }` })).toHaveLength(1);
    },
  );
});
