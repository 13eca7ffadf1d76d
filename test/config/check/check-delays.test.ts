import { describe, expect, it } from 'vitest';
import { parseDeclaration } from '../../../lib/config/parse-declaration.ts';
import { declare, mistakesIn } from '../declare.ts';

const log = '{ keys: [id], time: ts }';
const stages =
  '{ click: { label: clicked, at: clicked_at }, conversion: { label: bought, at: bought_at, within: 14d } }';
const parse = (sections: Readonly<Record<string, string>>) => parseDeclaration(declare(sections), 'entirespace.yaml');

describe('the time of an event', () => {
  it('is a column of the stage', () => {
    expect(parse({ log, stages }).stages.map(({ at }) => at)).toEqual(['clicked_at', 'bought_at']);
  });

  it.each([
    {
      name: 'without a label',
      sections: { log, stages: '{ click: { label: y }, cart: { at: put_at }, buy: { label: z } }' },
      mistakes: ['stages.cart.at: got put_at, expected no at for a stage without a label'],
    },
    {
      name: 'of a complement',
      sections: { log, stages: '{ click: { label: y }, skip: { complement_of: click, at: left_at } }' },
      mistakes: ['stages.skip.at: got left_at, expected no at for a complement'],
    },
    {
      name: 'without the time of the row',
      sections: { stages: '{ click: { label: y, at: clicked_at } }' },
      mistakes: ['stages.click.at: got clicked_at, expected the time column in log.time'],
    },
    {
      name: 'of which the log records some after its last row without the time of the row',
      sections: { log: '{ keys: [id], follow_up: 7d }' },
      mistakes: ['log.follow_up: got a follow-up, expected the time column in log.time'],
    },
    {
      name: 'that is the time of the row',
      sections: { log, stages: '{ click: { label: y, at: TS } }' },
      mistakes: ['stages.click.at: got TS, which is log.time, expected the time of the event'],
    },
    {
      name: 'of two stages',
      sections: { log, stages: '{ click: { label: y, at: t }, buy: { label: z, at: t } }' },
      mistakes: ['stages.buy.at: got t, the time of click, expected another column'],
    },
    {
      name: 'that is a feature',
      sections: {
        log,
        stages: '{ click: { label: y, at: clicked_at } }',
        features: '{ clicked_at: { type: category, entity: item } }',
      },
      mistakes: ['features.clicked_at: got clicked_at, which is stages.click.at, expected a column known at scoring'],
    },
    {
      name: 'that is no name',
      sections: { log, stages: '{ click: { label: y, at: 7 } }' },
      mistakes: ['stages.click.at: got 7, expected a column name'],
    },
  ])('$name is refused', ({ sections, mistakes }) => {
    expect(mistakesIn(sections)).toEqual(mistakes);
  });
});

describe.each(['delayed', 'delay-buckets'])('a model of type %s', (type) => {
  const model = `{ type: ${type} }`;

  it.each([
    '{ click: { label: y }, buy: { label: z, within: 7d } }',
    '{ click: { label: y }, buy: { label: z, at: t } }',
    '{ click: { label: y }, buy: { label: z } }',
  ])('is refused for the stages %s', (without) => {
    expect(mistakesIn({ log, model, stages: without })).toEqual([
      `model.type: got ${type}, expected a stage with label, at and within, whose delays it models, or type esmm`,
    ]);
  });

  it('is not split by time, which holds out the youngest rows', () => {
    expect(mistakesIn({ log, model, stages, split: '{ time: true }' })).toEqual([
      `split.time: got a split by time with type ${type}, which learns from the youngest rows, expected hash or column`,
    ]);
    const { split } = parse({ log, model, stages });
    expect(split).toEqual({ by: 'hash', columns: ['id'], validation: 0.1, test: 0.1, seed: 1, isDefault: true });
    expect(parse({ log, stages }).split.by).toBe('time');
  });
});

describe('buckets', () => {
  const of = (buckets: string) => ({ log, stages, model: `{ type: delay-buckets, buckets: ${buckets} }` });
  const expected = 'a number from 2 to 20, or a list of durations such as [1d, 3d, 7d]';

  it.each([
    { buckets: '4', parsed: 4 },
    { buckets: '[6h, 1d, 7d]', parsed: ['6h', '1d', '7d'] },
  ])('are $buckets', ({ buckets, parsed }) => {
    expect(parse(of(buckets)).model.buckets).toEqual(parsed);
  });

  it.each([
    { buckets: '1', mistakes: ['model.buckets: got 1, expected a whole number from 2 to 20'] },
    { buckets: '[]', mistakes: [`model.buckets: got an empty list, expected ${expected}`] },
    { buckets: '[1d, 24h]', mistakes: ['model.buckets[1]: got 24h after 1d, expected a longer time'] },
    {
      buckets: '[1d, 14d, 15d]',
      mistakes: [1, 2].map((i) => {
        return `model.buckets[${i}]: got ${13 + i}d, expected less than within of conversion, 14d, with which the last bucket ends`;
      }),
    },
  ])('$buckets are refused', ({ buckets, mistakes }) => {
    expect(mistakesIn(of(buckets))).toEqual(mistakes);
  });

  it('are refused with another type', () => {
    expect(mistakesIn({ log, stages, model: '{ type: delayed, buckets: 4 }' })).toEqual([
      'model.buckets: got 4 with type delayed, expected type delay-buckets',
    ]);
  });
});
