import { describe, expect, it } from 'vitest';
import { parseDeclaration } from '../../../lib/config/parse-declaration.ts';
import { declare, mistakesIn } from '../declare.ts';

describe('a column known only afterwards', () => {
  it.each([
    {
      name: 'a label is a feature by its name, whatever its case',
      sections: { features: '{ Clicked: { type: category, entity: user } }' },
      mistake: 'features.Clicked: got Clicked, which is stages.click.label, expected a column known at scoring',
    },
    {
      name: 'a label is the column of a feature',
      sections: { features: '{ x: { type: number, entity: user, column: bought } }' },
      mistake: 'features.x.column: got bought, which is stages.conversion.label, expected a column known at scoring',
    },
    {
      name: 'an outcome is the weight of a bag',
      sections: {
        log: '{ keys: [id], outcomes: [dwell, spend] }',
        features: '{ x: { type: bag, entity: user, weights: spend } }',
      },
      mistake: 'features.x.weights: got spend, which is log.outcomes[1], expected a column known at scoring',
    },
    {
      name: 'the column of the sampling rate is a feature',
      sections: { log: '{ keys: [id], kept: rate }', features: '{ rate: { type: number, entity: user } }' },
      mistake: 'features.rate: got rate, which is log.kept, expected a column known at scoring',
    },
    {
      name: 'the column of the sampling rate is the weight',
      sections: { log: '{ keys: [id], kept: rate, weight: Rate }' },
      mistake: 'log.weight: got Rate, which is log.kept, expected a column of weights',
    },
    {
      name: 'a label is the weight',
      sections: { log: '{ keys: [id], weight: clicked }' },
      mistake: 'log.weight: got clicked, which is stages.click.label, expected a column of weights',
    },
    {
      name: 'a truth is a feature',
      sections: {
        log: '{ keys: [id], truth: { pcvr: known, pcvr_do: forced } }',
        features: '{ known: { type: number, entity: user }, x: { type: number, entity: user, column: FORCED } }',
      },
      mistake: [
        'features.known: got known, which is log.truth.pcvr, expected a column known at scoring',
        'features.x.column: got FORCED, which is log.truth.pcvr_do, expected a column known at scoring',
      ],
    },
    {
      name: 'a label is a key',
      sections: { log: '{ keys: [id, clicked] }' },
      mistake: 'log.keys[1]: got clicked, which is stages.click.label, expected a column known at scoring',
    },
  ])('is refused where $name', ({ sections, mistake }) => {
    expect(mistakesIn(sections)).toEqual([mistake].flat());
  });

  it('is refused as a truth that is none', () => {
    expect(mistakesIn({ log: '{ keys: [id], truth: {} }' })).toEqual([
      'log.truth: got an empty map, expected a column as pcvr, as pcvr_do, or both',
    ]);
    expect(mistakesIn({ log: '{ keys: [id], truth: { pcvr: p, pctr: q } }' })).toEqual([
      'log.truth.pctr: unknown key, did you mean pcvr? expected one of pcvr, pcvr_do',
    ]);
  });

  it('may be an outcome and a label at once', () => {
    const { log } = parseDeclaration(declare({ log: '{ keys: [id], outcomes: [bought] }' }), 'entirespace.yaml');
    expect(log.outcomes).toEqual(['bought']);
  });
});

describe('the columns of the time, the group and the keys', () => {
  it('may be features', () => {
    const { features } = parseDeclaration(
      declare({
        log: '{ keys: [id], time: ts, group: user }',
        features: `
  ts: { type: number, entity: context }
  user: { type: category, entity: user }
  id: { type: category, entity: item }`,
      }),
      'entirespace.yaml',
    );
    expect(features).toMatchObject([{ column: 'ts' }, { column: 'user' }, { column: 'id' }]);
  });
});

describe('names', () => {
  it.each([
    {
      name: 'a repeated key',
      sections: { log: '{ keys: [id, ID] }' },
      mistakes: ['log.keys[1]: got ID twice, expected it once'],
    },
    {
      name: 'a repeated segment',
      sections: { report: '{ segments: [country, channel, country] }' },
      mistakes: ['report.segments[2]: got country twice, expected it once'],
    },
    {
      name: 'a key with the name of a score',
      sections: { log: '{ keys: [pctr] }' },
      mistakes: ["log.keys[0]: got pctr, a name of the scores' probabilities, expected another"],
    },
    {
      name: 'features with the names of scores',
      sections: {
        features:
          '{ pctcvr: { type: number, entity: user }, p_home: { type: number, entity: user }, p_age: { type: number, entity: user }, age: { type: number, entity: user } }',
      },
      mistakes: [
        "features.pctcvr: got pctcvr, a name of the scores' probabilities, expected another, such as x_pctcvr: { column: pctcvr, ... }",
        "features.p_home: got p_home, a name of the scores' probabilities, expected another, such as home: { column: p_home, ... }",
        "features.p_age: got p_age, a name of the scores' probabilities, expected another, such as x_p_age: { column: p_age, ... }",
      ],
    },
    {
      name: "a feature with the name of a bag's weights",
      sections: { features: '{ tags: { type: bag, entity: user }, tags_weights: { type: number, entity: user } }' },
      mistakes: ['features.tags_weights: got the name of the weights of the bag tags, expected another'],
    },
    {
      name: 'features that differ in case only',
      sections: { features: '{ age: { type: number, entity: user }, Age: { type: number, entity: user } }' },
      mistakes: ['features.Age: differs from age by case only, expected another name'],
    },
    {
      name: 'a feature whose name is not an identifier',
      sections: { features: '{ a-b: { type: number, entity: user } }' },
      mistakes: [
        'features.a-b: got "a-b", expected a name of letters, 0-9 and _ that does not start with a digit or __, and is not constructor, toString or the like',
      ],
    },
  ])('are refused: $name', ({ sections, mistakes }) => {
    expect(mistakesIn(sections)).toEqual(mistakes);
  });
});
