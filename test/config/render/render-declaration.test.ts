/** What is rendered parses to the same declaration: the oracle is the parser. */
import { readdirSync, readFileSync } from 'node:fs';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { DeclarationError } from '../../../lib/config/declaration-error.ts';
import type { EntirespaceFile } from '../../../lib/config/define-entirespace.ts';
import { parseDeclaration } from '../../../lib/config/parse-declaration.ts';
import { renderDeclaration } from '../../../lib/config/render/render-declaration.ts';
import { declare } from '../declare.ts';

/** Renders a declaration, parses what was rendered, and compares. */
function assertSame(text: string): string {
  const declaration = parseDeclaration(text, 'given.yaml');
  const rendered = renderDeclaration(declaration);
  expect(parseDeclaration(rendered, 'rendered.yaml')).toStrictEqual(declaration);
  return rendered;
}

const EXAMPLES = readdirSync('examples', { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => `examples/${name}/entirespace.yaml`);

describe('a rendered declaration', () => {
  it('has every default, a member on a line, and as comments what a file cannot say', () => {
    const rendered = assertSame(declare());
    expect(rendered).toContain(`name: shop
root: impression
stages:
  click: { from: [ impression ], label: clicked, weight: 1, inconsistent: reject, max_inconsistent: 0.01 }
  conversion: { from: [ click ], label: bought, weight: 1, inconsistent: reject, max_inconsistent: 0.01 }
roles:
  impression: impression
  click: click
  conversion: conversion
log:
  keys: [ id ]
  outcomes: []
  max_rejected: 0
`);
    expect(rendered).toContain(
      '# by default: split: { hash: [ id ], seed: 1, validation: 0.1, test: 0.1 }\nentities: {}\n',
    );
    expect(rendered).toContain(`features:
  brand: { type: category, entity: item, column: brand, dimension: 18, vocabulary: { min_count: 2, unknown: 1 } }
model:
  type: esmm
  hidden_units: [ 200, 80 ]
`);
    expect(rendered).toContain('  # batch_size: 4096, or less, by the number of training rows\nscoring:\n');
    expect(rendered).toContain('  pcoc: [ 0.1, 0.3 ]\n');
    const sections = Object.keys(parse(rendered) as object);
    expect(sections).toEqual([
      ...['name', 'root', 'stages', 'roles', 'log', 'csv', 'entities', 'embeddings', 'features', 'model', 'training'],
      ...['scoring', 'gate', 'report', 'monitoring'],
    ]);
  });

  it.each(EXAMPLES)('is the same declaration: %s', (path) => {
    const rendered = assertSame(readFileSync(path, 'utf8'));
    expect(assertSame(rendered)).toBe(rendered);
  });

  it('says the settings of its type that it leaves to the type', () => {
    const rendered = assertSame(declare({ model: '{ type: escm2-dr, debias_weight: 0.2 }' }));
    expect(rendered).toContain('  debias_weight: 0.2\n');
    expect(rendered).toContain('  # propensity_floor: by the type, as docs/models.md has it\n');
  });

  it('keeps names and texts that YAML could take for something else', () => {
    assertSame(
      declare({
        log: '{ keys: ["true", "<<", "7", "a: b", "né\\n", "# x"] }',
        csv: '{ delimiter: "\\t", quote: null, escape: "\\\\", header: ["1e3", "null"], null_values: ["", "~", " "] }',
        features:
          '{ brand: { type: category, entity: item, column: "null", missing: "0x1", at_scoring: "yes" }, both: { type: cross, entity: context, of: ["<<", "7"], hash: 9, missing: { "<<": 1, "7": true } } }',
      }),
    );
  });
});

const option = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });
const share = fc.constantFrom(0, 0.1, 0.05);
const duration = fc.constantFrom('7d', '36h', '90m', '45s', '9999984h', '99999999m', '1s');
const ids = fc.constantFrom<object>(
  {},
  { vocabulary: {} },
  { vocabulary: { min_count: 5, unknown: 4, max_size: 1000 } },
  { hash: 100 },
  { hash: { buckets: 7, seed: -3 } },
  { ids: 50 },
);
const table = fc.tuple(
  ids,
  fc.record({ dimension: option(fc.constantFrom(1, 8)), l2: option(fc.constantFrom(0, 1e-7)) }),
);
const tableMembers = table.map(([source, members]) => ({ ...source, ...members }));
const ownOrShared = fc.oneof(
  tableMembers,
  fc.constantFrom({ embedding: 'shared' }, { embedding: 'other' }, { embedding: 'c' }),
);
const entity = fc.constantFrom('user', 'item', 'context');
const one = { entity, column: option(fc.constantFrom('x', 'No', '1', 'two words')) };
const numeric = {
  clip: option(fc.constantFrom([0, 10], [null, 1.5], [null, null])),
  log1p: option(fc.boolean()),
  standardize: option(fc.boolean()),
};
const list = {
  ...one,
  delimiter: option(fc.constantFrom('|', ', ', '\t')),
  max_length: option(fc.constantFrom(1, 7)),
  keep: option(fc.constantFrom('first', 'last')),
  at_scoring: option(fc.constantFrom('3', null, 4, true)),
  missing: option(fc.constantFrom('3', 4)),
};
const withTable = (members: fc.Arbitrary<object>) =>
  fc.tuple(members, ownOrShared).map(([own, choice]) => ({ ...own, ...choice }));
const feature = fc.oneof(
  withTable(
    fc.record({
      type: fc.constant('category'),
      ...one,
      at_scoring: option(fc.constantFrom('1', null, 2, false)),
      missing: option(fc.constantFrom('1', 2)),
    }),
  ),
  withTable(
    fc.record({
      type: fc.constant('bag'),
      ...list,
      weights: option(fc.constant('w')),
      combiner: option(fc.constantFrom('sum', 'mean', 'sqrtn')),
    }),
  ),
  withTable(fc.record({ type: fc.constant('sequence'), ...list, pooling: fc.constantFrom('mean', 'lstm') })),
  withTable(
    fc.record({
      type: fc.constant('sequence'),
      ...list,
      pooling: fc.constant('attention'),
      to: fc.constant('a'),
      positions: option(fc.boolean()),
      attention_units: option(fc.constant([8, 4])),
    }),
  ),
  fc.record({ type: fc.constant('number'), ...one, ...numeric, at_scoring: option(fc.constantFrom(1.5, null)) }),
  fc.record({ type: fc.constant('number'), ...one, missing: option(fc.constant(-0.5)), ...numeric }),
  fc.record({
    type: fc.constant('number'),
    ...one,
    quantiles: fc.constant(5),
    dimension: option(fc.constant(3)),
    l2: option(fc.constant(0.1)),
  }),
  fc.record({
    type: fc.constant('vector'),
    ...one,
    length: fc.constant(3),
    delimiter: option(fc.constant(';')),
    ...numeric,
  }),
  fc.record({
    type: fc.constant('cross'),
    entity,
    of: fc.constant(['x', 'y z']),
    at_scoring: option(fc.constantFrom({}, { x: null }, { 'y z': 1 })),
    missing: option(fc.constantFrom({}, { x: 'no' })),
    hash: fc.constantFrom(10, { buckets: 3, seed: 1 }),
    l2: option(fc.constant(0.5)),
  }),
);
const features = fc.array(feature, { minLength: 1, maxLength: 5 }).map((all) => ({
  a: { type: 'category', entity: 'item' },
  ...Object.fromEntries(all.map((each, i) => ['bcdef'[i], each])),
}));

const file = fc.record({
  name: fc.constant('shop'),
  stages: fc.constantFrom<object>(
    { click: { label: 'clicked' }, conversion: { label: 'bought' } },
    { click: { label: 'clicked' }, conversion: { label: 'bought', within: '9999984h', at: 'bought_at', weight: 2 } },
    { click: { label: 'clicked', inconsistent: 'and' }, conversion: { label: 'bought', max_inconsistent: 0.5 } },
    { open: { label: 'opened' }, buy: { label: 'bought', from: 'open' }, leave: { complement_of: 'buy' } },
    { view: { label: 'v', exclusive: 'g' }, read: { label: 'r', from: ['impression'], exclusive: 'g' } },
  ),
  root: option(fc.constantFrom('impression', 'seen')),
  log: fc.record({
    keys: fc.constantFrom(['id'], ['id', 'no']),
    time: option(fc.constant('at')),
    follow_up: option(duration),
    group: option(fc.constant('user')),
    kept: option(fc.constantFrom(0.1, 'rate', '0.1')),
    weight: option(fc.constant('importance')),
    outcomes: option(fc.constant(['money'])),
    truth: option(fc.constantFrom({ pcvr: 't' }, { pcvr_do: 'd' }, { pcvr: 't', pcvr_do: 'd' })),
    max_rejected: option(share),
  }),
  split: option(
    fc.constantFrom<object>(
      { hash: 'id' },
      { hash: ['id', 'no'], seed: 9, validation: 0.2, test: 0 },
      { time: true },
      { time: true, validation: '2026-05-01', test: '2026-05-08 06:30:00.250+02:00' },
      { time: true, validation: 0.1, test: '2026-05-08' },
      { column: 'part', train: ['a', 1, true], validation: ['b'] },
    ),
  ),
  entities: option(fc.constantFrom({}, { user: { key: 'u' } }, { item: { key: 'i', missing: 'unknown' } })),
  embeddings: option(fc.tuple(tableMembers, tableMembers).map(([shared, other]) => ({ shared, other }))),
  features,
  model: option(
    fc.constantFrom<object>(
      {},
      { type: 'aman', rate: 0.3 },
      { type: 'delay-buckets', buckets: ['1d', '3d'] },
      { tower: 'mmoe', experts: 3 },
      { tower: 'ple', own_experts: 0, expert_levels: 1 },
      { tower: 'ple', expert_units: [8, 4] },
      { crosses: 'dcn', cross_rank: 4 },
      { crosses: 'dcn', wide: ['a'] },
      { file: './own.ts', hidden_units: [3], sha256: 'a'.repeat(64) },
    ),
  ),
  training: option(
    fc.record({
      batch_size: option(fc.constant(256)),
      patience: option(fc.constantFrom(null, 3)),
      optimizer: option(fc.constantFrom('sgd', 'adagrad')),
      learning_rate: option(fc.constantFrom(1e-7, 0.5)),
      calibration: option(fc.constantFrom('platt', 'isotonic')),
      stop_by: option(fc.constantFrom('sum', 'click')),
    }),
  ),
  scoring: option(
    fc.constantFrom<object>(
      {},
      { score: 'p_click_entire * "unit price" + 2', rank: {} },
      { score: 'pctr * price' },
      { rank: { by: 'pctr', within: 'user', top: 5 }, max_unknown: 0.5 },
      { score: 'price', rank: { within: ['user', 'day'] }, columns: 'all' },
    ),
  ),
  gate: option(
    fc.record({
      max_age: option(fc.constantFrom(null, '36h')),
      drift: option(fc.constant(0.2)),
      trusted: option(fc.constant(['a'])),
    }),
  ),
  report: option(fc.constant({ segments: ['channel'] })),
  monitoring: option(
    fc.record({
      pcoc: option(fc.constantFrom([null, 0.5], [null, null])),
      stale: option(fc.constantFrom([null, '4d'], ['36h', null])),
      matches_within: option(duration),
      money: option(fc.constant('money')),
    }),
  ),
  csv: option(
    fc.constantFrom<object>({ header: false }, { header: ['a', 'b'], quote: null }, { decimal: ',', delimiter: ';' }),
  ),
}) as fc.Arbitrary<EntirespaceFile>;

/** Returns the text of a file without the sections, features and tables that have mistakes; `null` if nothing is left. */
function withoutMistakes(generated: EntirespaceFile): string | null {
  // Without the keys that are not given.
  const rest = JSON.parse(JSON.stringify(generated)) as Record<string, Record<string, unknown>>;
  for (let round = 0; round < 9; round += 1) {
    const text = stringify(rest);
    try {
      parseDeclaration(text, 'given.yaml');
      return text;
    } catch (error) {
      if (!(error instanceof DeclarationError)) throw error;
      for (const { path } of error.problems) {
        const [section = '', member = ''] = path.split(/[.[]/);
        if (['features', 'embeddings', 'log', 'training', 'gate'].includes(section)) delete rest[section]?.[member];
        else delete rest[section];
      }
    }
  }
  return null;
}

it('is the same declaration, whatever is declared', async () => {
  const runs = Number(process.env.RENDER_RUNS ?? 60);
  let valid = 0;
  await fc.assert(
    fc.property(file, (generated) => {
      const text = withoutMistakes(generated);
      if (text === null) return;
      valid += 1;
      assertSame(text);
    }),
    { numRuns: runs, seed: Number(process.env.RENDER_SEED ?? 1) },
  );
  expect(valid).toBeGreaterThan(runs / 2);
});
