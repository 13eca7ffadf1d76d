import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DeclarationError } from '../../lib/config/declaration-error.ts';
import { parseDeclaration, readDeclaration } from '../../lib/config/parse-declaration.ts';
import { declare, errorOf } from './declare.ts';

const parse = (sections: Readonly<Record<string, string>> = {}) =>
  parseDeclaration(declare(sections), 'entirespace.yaml');

describe('the smallest declaration', () => {
  it('has every default', () => {
    expect(parse()).toEqual({
      name: 'shop',
      root: 'impression',
      stages: [
        {
          name: 'click',
          from: ['impression'],
          label: 'clicked',
          weight: 1,
          complementOf: null,
          exclusive: null,
          at: null,
          withinMs: null,
          inconsistent: 'reject',
          maxInconsistent: 0.01,
        },
        {
          name: 'conversion',
          from: ['click'],
          label: 'bought',
          weight: 1,
          complementOf: null,
          exclusive: null,
          at: null,
          withinMs: null,
          inconsistent: 'reject',
          maxInconsistent: 0.01,
        },
      ],
      roles: { impression: 'impression', click: 'click', conversion: 'conversion' },
      log: {
        keys: ['id'],
        time: null,
        group: null,
        kept: null,
        weight: null,
        outcomes: [],
        truth: null,
        maxRejected: 0,
      },
      csv: {
        header: true,
        decimal: '.',
        nullValues: ['NULL', 'null', 'Null', 'NaN', 'nan', '-nan', 'None', '\\N', 'NA', 'N/A', '<NA>', 'NaT'],
      },
      split: { by: 'hash', columns: ['id'], validation: 0.1, test: 0.1, seed: 1, isDefault: true },
      entities: [],
      embeddings: [
        { name: 'brand', dimension: 18, ids: { kind: 'vocabulary', minCount: 2, unknown: 1, maxSize: null } },
      ],
      features: [{ name: 'brand', column: 'brand', entity: 'item', type: 'category', embedding: 'brand' }],
      model: {
        type: 'esmm',
        file: null,
        sha256: null,
        hiddenUnits: [200, 80],
        fields: 'concatenate',
        experts: null,
        crosses: null,
        wide: [],
      },
      training: {
        batchSize: null,
        shuffle: 'groups',
        epochs: 10,
        optimizer: 'adam',
        learningRate: 0.001,
        momentum: 0,
        warmupSteps: 0,
        learningRateDecay: 'none',
        l2Embeddings: 0,
        dropout: 0,
        patience: 2,
        stopBy: 'sum',
        l2Tables: {},
        seed: 1,
        engine: 'onnxruntime',
        calibration: 'none',
        calibrationOf: 'auto',
      },
      scoring: {
        columns: 'keys',
        format: 'parquet',
        score: null,
        rank: null,
        maxRejected: 0.1,
        maxUnknown: null,
        maxMissing: null,
      },
      gate: {
        minConversions: 200,
        maxAgeMs: 30 * 86_400_000,
        tolerance: 0.002,
        pcoc: [0.67, 1.5],
        labelRate: 1.5,
        maxUnknown: 0.8,
        maxRise: 0.2,
        trusted: [],
        lastingAfter: 3,
        drift: null,
      },
      report: { segments: [] },
      monitoring: {
        pcoc: { watch: 0.1, act: 0.3 },
        auc: { watch: 0.03, act: 0.1 },
        scores: { watch: 0.1, act: 0.25 },
        missing: { watch: 0.05, act: 0.25 },
        unknown: { watch: 0.1, act: 0.4 },
        delay: { watch: 0.05, act: 0.2 },
        unscored: { watch: 0.1, act: 0.5 },
        repeated: { watch: 0.1, act: null },
        rejected: { watch: 0.02, act: 0.2 },
        stale: { watch: 172_800_000, act: 345_600_000 },
        matchesWithinMs: 259_200_000,
        money: null,
      },
    });
  });
});

describe('a stage', () => {
  it('has the declared values', () => {
    const { stages } = parse({
      root: 'view',
      stages:
        '{ click: { label: c }, conversion: { label: z, from: click, weight: 0.5, within: 7d, inconsistent: and, max_inconsistent: 0.2 } }',
      log: '{ keys: [id], time: ts }',
    });
    expect(stages[0]?.from).toEqual(['view']);
    expect(stages[1]).toEqual({
      name: 'conversion',
      from: ['click'],
      label: 'z',
      weight: 0.5,
      complementOf: null,
      exclusive: null,
      at: null,
      withinMs: 604_800_000,
      inconsistent: 'and',
      maxInconsistent: 0.2,
    });
  });

  it('that is a complement follows the same stages as its sibling by default', () => {
    const stages =
      '{ click: { label: c }, action: { label: a }, other: { complement_of: action }, buy: { from: [action, other], label: b } }';
    const graph = parse({ stages }).stages.map(({ name, from, complementOf }) => ({ name, from, complementOf }));
    expect(graph).toEqual([
      { name: 'click', from: ['impression'], complementOf: null },
      { name: 'action', from: ['click'], complementOf: null },
      { name: 'other', from: ['click'], complementOf: 'action' },
      { name: 'buy', from: ['action', 'other'], complementOf: null },
    ]);
  });
});

describe('roles', () => {
  it('are those declared; the impression is the root by default', () => {
    const stages = '{ visit: { label: v }, cart: { label: c }, buy: { label: b } }';
    expect(parse({ stages, roles: '{ click: visit, conversion: buy }' }).roles).toEqual({
      impression: 'impression',
      click: 'visit',
      conversion: 'buy',
    });
    expect(parse({ stages, roles: '{ impression: visit, click: cart, conversion: buy }' }).roles?.impression).toBe(
      'visit',
    );
  });

  it.each([
    { name: 'no stage is called conversion', stages: '{ click: { label: c }, buy: { label: b } }' },
    {
      name: 'the conversion needs no click',
      stages: '{ click: { label: c }, conversion: { label: z, from: impression } }',
    },
  ])('are null where $name', ({ stages }) => {
    expect(parse({ stages }).roles).toBeNull();
  });
});

describe('the log', () => {
  it('has the declared values', () => {
    const log =
      '{ keys: [q, id], time: ts, group: user, kept: 0.1, weight: w, outcomes: [spend], truth: { pcvr: known }, max_rejected: 0.02 }';
    expect(parse({ log }).log).toEqual({
      keys: ['q', 'id'],
      time: 'ts',
      group: 'user',
      kept: 0.1,
      weight: 'w',
      outcomes: ['spend'],
      truth: { pcvr: 'known', pcvrDo: null },
      maxRejected: 0.02,
    });
  });

  it('may have the sampling rate in a column', () => {
    expect(parse({ log: '{ keys: [id], kept: rate }' }).log.kept).toEqual({ column: 'rate' });
  });
});

describe('the split', () => {
  it.each([
    {
      name: 'by hash',
      split: '{ hash: user, seed: 7, validation: 0, test: 0.5 }',
      expected: { by: 'hash', columns: ['user'], validation: 0, test: 0.5, seed: 7 },
    },
    {
      name: 'by hash of several columns',
      split: '{ hash: [user, item] }',
      expected: { by: 'hash', columns: ['user', 'item'], validation: 0.1, test: 0.1, seed: 1 },
    },
    {
      name: 'by shares of time',
      split: '{ time: true, validation: 0.2 }',
      expected: { by: 'time', validation: { share: 0.2 }, test: { share: 0.1 } },
    },
    {
      name: 'by instants, in UTC unless they say otherwise',
      split: '{ time: true, validation: 2026-05-01, test: 2026-05-08T01:00:00+01:00 }',
      expected: { by: 'time', validation: { from: Date.UTC(2026, 4, 1) }, test: { from: Date.UTC(2026, 4, 8) } },
    },
    {
      name: 'by a column, whose values are text',
      split: '{ column: part, train: [a, 1], test: [true] }',
      expected: { by: 'column', column: 'part', train: ['a', '1'], validation: [], test: ['true'] },
    },
  ])('is $name', ({ split, expected }) => {
    expect(parse({ split, log: '{ keys: [id], time: ts }' }).split).toEqual(expected);
  });

  it('is by default by time, and without a time by the hash of all keys, so that known ids stay known', () => {
    const tenth = { share: 0.1 };
    expect(parse({ log: '{ keys: [id], time: ts, group: user }' }).split).toEqual({
      by: 'time',
      validation: tenth,
      test: tenth,
      isDefault: true,
    });
    expect(parse({ log: '{ keys: [id], group: user }' }).split).toMatchObject({ by: 'hash', columns: ['id'] });
    expect(parse({ log: '{ keys: [q, id], group: q }' }).split).toMatchObject({ by: 'hash', columns: ['q', 'id'] });
  });

  it('without validation rows turns early stopping off, like a patience of null', () => {
    expect(parse({ split: '{ hash: id, validation: 0 }' }).training.patience).toBeNull();
    expect(parse({ training: '{ patience: null }' }).training.patience).toBeNull();
  });
});

describe('embedding tables', () => {
  it('are the shared ones, then those of single features, each with its id source', () => {
    const { embeddings } = parse({
      embeddings:
        '{ item: { dimension: 8, vocabulary: { min_count: 3, unknown: 4, max_size: 100 } }, text: { hash: 1000 } }',
      features: `
  a: { type: category, entity: item, embedding: item }
  b: { type: bag, entity: user, embedding: text }
  c: { type: category, entity: user, hash: { buckets: 50, seed: 9 }, dimension: 4 }
  d: { type: category, entity: user, ids: 5000 }
  e: { type: number, entity: user, quantiles: 10, dimension: 6 }
  f: { type: number, entity: user }`,
    });
    expect(embeddings).toEqual([
      { name: 'item', dimension: 8, ids: { kind: 'vocabulary', minCount: 3, unknown: 4, maxSize: 100 } },
      { name: 'text', dimension: 18, ids: { kind: 'hash', buckets: 1000, seed: 0 } },
      { name: 'c', dimension: 4, ids: { kind: 'hash', buckets: 50, seed: 9 } },
      { name: 'd', dimension: 18, ids: { kind: 'ids', size: 5000 } },
      { name: 'e', dimension: 6, ids: { kind: 'quantiles', count: 10 } },
    ]);
  });
});

describe('features', () => {
  it('of type bag default to a list column, the mean and 20 values', () => {
    const features = `
  plain: { type: bag, entity: user }
  full: { type: bag, entity: user, column: h, delimiter: "|", weights: w, combiner: sqrtn, max_length: 5, keep: last }`;
    expect(parse({ features }).features).toEqual([
      {
        name: 'plain',
        column: 'plain',
        entity: 'user',
        type: 'bag',
        embedding: 'plain',
        delimiter: null,
        weights: null,
        combiner: 'mean',
        maxLength: 20,
        keep: 'first',
      },
      {
        name: 'full',
        column: 'h',
        entity: 'user',
        type: 'bag',
        embedding: 'full',
        delimiter: '|',
        weights: 'w',
        combiner: 'sqrtn',
        maxLength: 5,
        keep: 'last',
      },
    ]);
  });

  it('of type number are standardised unless their quantiles are embedded', () => {
    const features = `
  plain: { type: number, entity: item }
  full: { type: number, entity: item, log1p: true, standardize: false, clip: [null, 1000] }
  steps: { type: number, entity: item, column: plain, quantiles: 4 }`;
    const shared = { entity: 'item', type: 'number' };
    expect(parse({ features }).features).toEqual([
      { ...shared, name: 'plain', column: 'plain', embedding: null, log1p: false, standardize: true, clip: null },
      { ...shared, name: 'full', column: 'full', embedding: null, log1p: true, standardize: false, clip: [null, 1000] },
      { ...shared, name: 'steps', column: 'plain', embedding: 'steps', log1p: false, standardize: false, clip: null },
    ]);
  });

  it('keep the value for scoring as the text of the column, or as a number', () => {
    const features = `
  position: { type: category, entity: context, at_scoring: 1 }
  shown: { type: category, entity: context, at_scoring: true }
  slot: { type: category, entity: context, at_scoring: null }
  depth: { type: number, entity: context, at_scoring: 1.5 }
  brand: { type: category, entity: item }`;
    const constants = parse({ features }).features.map((feature) => 'atScoring' in feature && feature.atScoring);
    expect(constants).toEqual(['1', 'true', null, 1.5, false]);
  });
});

describe('the L2 penalty of a table', () => {
  it('is that of the shared table, or of the feature that has its own', () => {
    const { training } = parse({
      embeddings: '{ item: { l2: 0.01 } }',
      features:
        '{ a: { type: category, entity: item, embedding: item }, b: { type: bag, entity: user, delimiter: "|", l2: 0 }, c: { type: number, entity: user, quantiles: 4, l2: 0.5 }, d: { type: cross, of: [x, y], entity: context, hash: 9, l2: 2 }, e: { type: category, entity: item } }',
      training: '{ l2_embeddings: 0.1 }',
    });
    expect(training.l2Embeddings).toBe(0.1);
    expect(training.l2Tables).toEqual({ item: 0.01, b: 0, c: 0.5, d: 2 });
  });

  it.each([
    {
      feature: '{ type: category, entity: item, embedding: item, l2: 1 }',
      mistake: 'features.a.l2: got l2 beside embedding: item, expected it in embeddings.item',
    },
    {
      feature: '{ type: number, entity: item, l2: 1 }',
      mistake: 'features.a.l2: got l2 without quantiles, expected both or neither',
    },
    {
      feature: '{ type: category, entity: item, l2: -1 }',
      mistake: 'features.a.l2: got -1, expected a number of at least 0',
    },
  ])('is refused where there is no such table: $mistake', ({ feature, mistake }) => {
    const text = declare({
      embeddings: '{ item: {} }',
      features: `{ a: ${feature}, b: { type: category, entity: item, embedding: item } }`,
    });
    expect(() => parseDeclaration(text, 'entirespace.yaml')).toThrow(mistake);
  });
});

describe('model, training and scoring', () => {
  it('have the declared values', () => {
    const declaration = parse({
      model: '{ type: esmm, hidden_units: [64], fields: sum_by_entity }',
      training:
        '{ batch_size: 512, shuffle: rows, epochs: 1, optimizer: sgd, learning_rate: 0.1, momentum: 0.9, warmup_steps: 100, learning_rate_decay: cosine, l2_embeddings: 0.01, dropout: 0.5, patience: 3, stop_by: conversion, seed: 5, engine: tfjs-node, calibration: isotonic }',
      scoring: '{ columns: all, max_rejected: 0 }',
    });
    expect(declaration.model).toMatchObject({ type: 'esmm', hiddenUnits: [64], fields: 'sum_by_entity' });
    expect(declaration.training).toEqual({
      batchSize: 512,
      shuffle: 'rows',
      epochs: 1,
      optimizer: 'sgd',
      learningRate: 0.1,
      momentum: 0.9,
      warmupSteps: 100,
      learningRateDecay: 'cosine',
      l2Embeddings: 0.01,
      dropout: 0.5,
      patience: 3,
      stopBy: 'conversion',
      l2Tables: {},
      seed: 5,
      engine: 'tfjs-node',
      calibration: 'isotonic',
      calibrationOf: 'auto',
    });
    expect(declaration.scoring).toEqual({
      columns: 'all',
      format: 'parquet',
      score: null,
      rank: null,
      maxRejected: 0,
      maxUnknown: null,
      maxMissing: null,
    });
  });
});

describe('a text with mistakes', () => {
  it('is refused with all mistakes in order, each with its position', () => {
    const text = `name: Hill Strom
stages:
  click: { label: visit, weigth: 2 }
  conversion:
    label: conversion
    from: clik
    within: 7 days
log:
  keys: []
  outcomes: [spend]
  kept: 2
split: { hash: row, tset: 0.5 }
features:
  zip_code: { type: category, entity: user, embedding: zip }
  age: { type: numbr, entity: user }
  spend: { type: number, entity: person }
  brand: { type: category }
model: { hidden_units: [200, 0] }
`;
    expect(errorOf(text).message.split('\n')).toEqual([
      'entirespace.yaml:1:7 name: got "Hill Strom", expected a name of a-z, 0-9 and -',
      'entirespace.yaml:3:26 stages.click.weigth: unknown key, did you mean weight? expected one of from, label, weight, complement_of, exclusive, at, within, inconsistent, max_inconsistent',
      'entirespace.yaml:6:11 stages.conversion.from: no stage clik, did you mean click? expected one of impression, click, conversion',
      'entirespace.yaml:7:13 stages.conversion.within: got "7 days", expected a duration such as 7d, 36h or 30m',
      'entirespace.yaml:9:3 log.keys: got an empty list, expected at least one column name',
      'entirespace.yaml:11:9 log.kept: got 2, expected a rate above 0 and at most 1, or a column name',
      'entirespace.yaml:12:21 split.tset: unknown key, did you mean test? expected one of hash, seed, validation, test',
      'entirespace.yaml:14:56 features.zip_code.embedding: got zip, but there is no table in embeddings',
      'entirespace.yaml:15:16 features.age.type: got "numbr", expected one of "category", "bag", "sequence", "number", "vector", "cross"',
      'entirespace.yaml:16:3 features.spend: got spend, which is log.outcomes[0], expected a column known at scoring',
      'entirespace.yaml:16:34 features.spend.entity: got "person", expected one of "user", "item", "context"',
      'entirespace.yaml:17:3 features.brand.entity: missing, expected "user", "item", "context" or a declared entity',
      'entirespace.yaml:18:30 model.hidden_units[1]: got 0, expected a whole number from 1 to 16384',
    ]);
  });

  it('is refused with an error that has the problems as values, too', () => {
    const error = errorOf(declare({ name: 'a b' }));
    expect(error.fileName).toBe('entirespace.yaml');
    expect(error.problems).toEqual([
      { line: 1, column: 7, path: 'name', message: 'got "a b", expected a name of a-z, 0-9 and -' },
    ]);
  });

  it('is refused with the names of all missing sections', () => {
    expect(errorOf('root: view\n').message.split('\n')).toEqual([
      'entirespace.yaml:1:1 name: missing, expected a name of a-z, 0-9 and -',
      'entirespace.yaml:1:1 stages: missing, expected a map',
      'entirespace.yaml:1:1 log: missing, expected a map',
      'entirespace.yaml:1:1 features: missing, expected a map',
    ]);
  });

  it.each([
    { name: 'an empty file', text: '' },
    { name: 'only a comment', text: '# nothing yet\n' },
  ])('is refused where it is $name', ({ text }) => {
    expect(errorOf(text).message).toBe(
      'entirespace.yaml:1:1 got an empty file, expected a map with name, stages, log and features',
    );
  });

  it('is refused where it is not a map', () => {
    expect(errorOf('- name: shop\n').message).toBe(
      'entirespace.yaml:1:1 got a list, expected a map with name, stages, log and features',
    );
  });

  it('is refused where it is not YAML', () => {
    expect(errorOf('name: shop\nstages: {\n').message).toBe(
      'entirespace.yaml:3:1 flow map in block collection must be sufficiently indented and end with a }',
    );
  });

  it('is refused with repeated keys among its other mistakes', () => {
    expect(errorOf(`${declare({ name: 'a b' })}log: { keys: [id] }\n`).message.split('\n')).toEqual([
      'entirespace.yaml:1:7 name: got "a b", expected a name of a-z, 0-9 and -',
      'entirespace.yaml:5:1 key log given twice',
    ]);
  });
});

describe('the gate', () => {
  it('has the age in milliseconds, and limits as declared', () => {
    expect(parse({ gate: '{ max_age: 36h, pcoc: [0.8, 1.25], label_rate: 2 }' }).gate).toMatchObject({
      maxAgeMs: 129_600_000,
      pcoc: [0.8, 1.25],
      labelRate: 2,
    });
  });

  it('may have no age from which it replaces the current version', () => {
    expect(parse({ gate: '{ max_age: null }' }).gate.maxAgeMs).toBeNull();
    expect(parse({ gate: '{ lasting_after: null }' }).gate.lastingAfter).toBeNull();
  });
});

describe('a valid declaration with up to three of its values replaced', () => {
  const full = {
    name: 'shop',
    stages: {
      click: { label: 'c', within: '7d' },
      a: { label: 'a', weight: 2 },
      o: { complement_of: 'a' },
      buy: { from: ['a', 'o'], label: 'z' },
    },
    roles: { click: 'click', conversion: 'buy' },
    log: { keys: ['id'], time: 'ts', group: 'user', kept: 0.1, outcomes: ['spend'] },
    split: { time: true, validation: 0.1, test: '2026-05-08' },
    embeddings: { item: { dimension: 4, hash: { buckets: 10 } } },
    features: {
      brand: { type: 'category', entity: 'item', embedding: 'item' },
      tags: { type: 'bag', entity: 'user', vocabulary: { min_count: 1 }, weights: 'w' },
      age: { type: 'number', entity: 'user', clip: [0, 1] },
      pair: { type: 'cross', of: ['brand', 'slot'], entity: 'context', hash: 9, at_scoring: { slot: 1 } },
    },
    model: { hidden_units: [4], fields: 'sum_by_entity' },
    training: { patience: 1 },
    scoring: { columns: 'all' },
    gate: { max_age: '7d', pcoc: [0.8, 1.25] },
    report: { segments: ['brand', 'c'] },
  };
  const junk = fc.oneof(
    fc.constantFrom(
      null,
      true,
      0,
      -1,
      1e9,
      '',
      'a',
      'click',
      'item',
      [],
      {},
      [null],
      [[]],
      [{}],
      { a: 1 },
      { from: 'o' },
    ),
    fc.jsonValue({ maxDepth: 2 }),
  );

  it('is parsed, or refused with a DeclarationError', () => {
    const change = fc.record({ path: fc.array(fc.nat(12), { minLength: 1, maxLength: 4 }), value: junk });
    const isRefusedWell = (changes: readonly { readonly path: readonly number[]; readonly value: unknown }[]) => {
      const file: unknown = structuredClone(full);
      for (const { path, value } of changes) replaceAt(file, path, value);
      try {
        parseDeclaration(JSON.stringify(file), 'entirespace.yaml');
      } catch (error) {
        if (!(error instanceof DeclarationError)) throw error;
        return (
          error.problems.length > 0 && error.problems.every(({ line = 0, column = 0 }) => line >= 1 && column >= 1)
        );
      }
      return true;
    };
    expect(isRefusedWell([])).toBe(true);
    fc.assert(fc.property(fc.array(change, { minLength: 1, maxLength: 3 }), isRefusedWell), { numRuns: 200, seed: 1 });
  });
});

/** Replaces the value at a path of key positions: at each level, that number modulo the count of keys. */
function replaceAt(file: unknown, path: readonly number[], value: unknown): void {
  let node = file;
  path.forEach((step, depth) => {
    if (typeof node !== 'object' || node === null) return;
    const map = node as Record<string, unknown>;
    const keys = Object.keys(map);
    const key = keys[step % keys.length];
    if (key === undefined) return;
    if (depth === path.length - 1) map[key] = value;
    node = map[key];
  });
}

describe('readDeclaration', () => {
  let folder = '';
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'declaration-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  it('returns the declaration and the unchanged text', async () => {
    const path = join(folder, 'entirespace.yaml');
    await writeFile(path, `# ours\n${declare()}`);
    const { declaration, text } = await readDeclaration(path);
    expect(declaration).toEqual(parse());
    expect(text).toBe(`# ours\n${declare()}`);
  });

  it('throws an error with the file and the position of a mistake', async () => {
    const path = join(folder, 'wrong.yaml');
    await writeFile(path, declare({ name: 'A' }));
    await expect(readDeclaration(path)).rejects.toThrow(`${path}:1:7 name: got "A", expected a name of a-z, 0-9 and -`);
  });

  it('uses another file name in messages where one is given', async () => {
    await expect(readDeclaration(join(folder, 'nowhere.yaml'), 'ours.yaml')).rejects.toThrow(
      'ours.yaml:1:1 no such file',
    );
  });

  it('throws a DeclarationError where there is no such file', async () => {
    const path = join(folder, 'nowhere.yaml');
    const error = await readDeclaration(path).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(DeclarationError);
    expect(String(error)).toBe(`DeclarationError: ${path}:1:1 no such file`);
  });

  it('throws an error where the path is a folder', async () => {
    await expect(readDeclaration(folder)).rejects.toThrow(
      `${folder}:1:1 cannot be read: EISDIR: illegal operation on a directory, read`,
    );
  });
});
