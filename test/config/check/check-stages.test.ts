import { describe, expect, it } from 'vitest';
import { parseDeclaration } from '../../../lib/config/parse-declaration.ts';
import { declare, mistakesIn } from '../declare.ts';

const merge = (one: string, two: string) =>
  `stages.buy: the paths impression > click > ${one} > buy and impression > click > ${two} > buy merge here, expected ${one} and ${two} in one exclusive group, or one as the complement of the other`;

describe('stages', () => {
  it.each([
    { name: 'a chain of three', stages: '{ view: { label: v }, click: { label: c }, conversion: { label: z } }' },
    { name: 'a stage without a label before one with a label', stages: '{ examined: {}, click: { label: c } }' },
    { name: 'goals that never meet', stages: '{ click: { label: c }, a: { label: a }, b: { label: b, from: click } }' },
    {
      name: 'a stage and its complement that merge',
      stages: '{ click: { label: c }, a: { label: a }, o: { complement_of: a }, buy: { label: b, from: [a, o] } }',
    },
    {
      name: 'a complement written before its sibling',
      stages:
        '{ click: { label: c }, o: { complement_of: a, from: click }, a: { label: a, from: click }, buy: { label: b, from: [a, o] } }',
    },
    {
      name: 'an exclusive group that merges',
      stages:
        '{ click: { label: c }, a: { label: a, exclusive: g }, b: { label: b, from: click, exclusive: g }, buy: { label: z, from: [a, b] } }',
    },
    {
      name: 'a stage trained through its complement only',
      stages: '{ a: {}, o: { complement_of: a }, buy: { label: z, from: o } }',
    },
  ])('are accepted: $name', ({ stages }) => {
    const { stages: parsed } = parseDeclaration(declare({ stages }), 'entirespace.yaml');
    expect(parsed.length).toBe(stages.split(': {').length - 1);
  });

  it.each([
    {
      name: 'none has a label',
      stages: '{ click: {} }',
      mistakes: ['stages: no stage has a label, expected at least one'],
    },
    {
      name: 'there are none',
      stages: '{}',
      mistakes: ['stages: no stage has a label, expected at least one'],
    },
    {
      name: 'a tower would never be trained',
      stages: '{ click: { label: c }, conversion: {} }',
      mistakes: ['stages.conversion: no label here or in a later stage, expected one'],
    },
    {
      name: 'two have one label, whatever its case',
      stages: '{ click: { label: c }, conversion: { label: C } }',
      mistakes: ['stages.conversion.label: got C, the label of click, expected another column'],
    },
    {
      name: 'one follows stages that do not exist',
      stages: '{ click: { label: c }, conversion: { label: z, from: [clik, x] } }',
      mistakes: [
        'stages.conversion.from[0]: no stage clik, did you mean click? expected one of impression, click, conversion',
        'stages.conversion.from[1]: no stage x, expected one of impression, click, conversion',
      ],
    },
    {
      name: 'one follows the same stage twice',
      stages: '{ click: { label: c }, conversion: { label: z, from: [click, click] } }',
      mistakes: ['stages.conversion.from[1]: got click twice, expected it once'],
    },
    {
      name: 'they form a cycle',
      stages: '{ a: { label: a, from: c }, b: { label: b }, c: { label: c } }',
      mistakes: ['stages.a.from: the stages go in a circle, a > b > c > a, expected an order'],
    },
    {
      name: 'one follows itself',
      stages: '{ a: { label: a, from: a } }',
      mistakes: ['stages.a.from: the stages go in a circle, a > a, expected an order'],
    },
    {
      name: 'one has the name of the root',
      stages: '{ impression: { label: a } }',
      mistakes: ['stages.impression: got the name of the root, expected another'],
    },
    {
      name: 'a name ends in _entire, like an output',
      stages: '{ click: { label: c }, click_entire: { label: z } }',
      mistakes: [
        'stages.click_entire: got "click_entire", expected a name of a-z, 0-9 and _ that starts with a letter and does not end in _entire',
      ],
    },
    {
      name: 'one without a label has settings of a label',
      stages: '{ examined: { weight: 2, inconsistent: and }, click: { label: c } }',
      mistakes: [
        'stages.examined.weight: got 2, expected no weight for a stage without a label',
        'stages.examined.inconsistent: got and, expected no inconsistent for a stage without a label',
      ],
    },
  ])('are refused where $name', ({ stages, mistakes }) => {
    expect(mistakesIn({ stages })).toEqual(mistakes);
  });

  it('are not reported as unlabelled where one of them is malformed', () => {
    expect(mistakesIn({ stages: '{ click: { label: 5, weight: 2 } }' })).toEqual([
      'stages.click.label: got 5, expected a column name',
    ]);
  });
});

describe('paths that merge', () => {
  it('are refused unless they are exclusive', () => {
    const stages =
      '{ click: { label: c }, a: { label: a }, b: { label: b, from: click }, buy: { label: z, from: [a, b] } }';
    expect(mistakesIn({ stages })).toEqual([merge('a', 'b')]);
  });

  it('are refused in different groups', () => {
    const stages = `
  click: { label: c }
  a: { label: a, from: click, exclusive: g }
  b: { label: b, from: click, exclusive: g }
  d: { label: d, from: click, exclusive: h }
  e: { label: e, from: click, exclusive: h }
  buy: { label: z, from: [a, d] }`;
    expect(mistakesIn({ stages })).toEqual([merge('a', 'd')]);
  });

  it('are refused where one of them skips a stage', () => {
    const stages = '{ click: { label: c }, buy: { label: z, from: [click, impression] } }';
    expect(mistakesIn({ stages })).toEqual([
      'stages.buy: the paths impression > click > buy and impression > buy merge here, expected click and buy in one exclusive group, or one as the complement of the other',
    ]);
  });

  it('are reported at the stage where they first meet', () => {
    const stages = `
  a: { label: a }
  b: { label: b, from: impression }
  meet: { label: m, from: [a, b] }
  later: { label: z }`;
    expect(mistakesIn({ stages })).toEqual([
      'stages.meet: the paths impression > a > meet and impression > b > meet merge here, expected a and b in one exclusive group, or one as the complement of the other',
    ]);
  });
});

describe('complements and exclusive groups', () => {
  it.each([
    {
      name: 'a complement with a label or a weight',
      stages: '{ a: { label: a }, o: { complement_of: a, label: o, weight: 2 } }',
      mistakes: [
        'stages.o.label: got o, expected no label for a complement',
        'stages.o.weight: got 2, expected no weight for a complement',
      ],
    },
    {
      name: 'a complement of a stage that does not exist',
      stages: '{ action: { label: a }, o: { complement_of: acton } }',
      mistakes: ['stages.o.complement_of: no other stage acton, did you mean action? expected one of action'],
    },
    {
      name: 'a complement of itself',
      stages: '{ a: { label: a }, o: { complement_of: o } }',
      mistakes: ['stages.o.complement_of: no other stage o, expected one of a'],
    },
    {
      name: 'a complement of a complement',
      stages: '{ a: { label: a }, o: { complement_of: a }, p: { complement_of: o } }',
      mistakes: ['stages.p.complement_of: got o, a complement itself, expected a stage with a tower of its own'],
    },
    {
      name: 'two complements of one stage',
      stages: '{ a: { label: a }, o: { complement_of: a }, p: { complement_of: a } }',
      mistakes: ['stages.p.complement_of: got a, whose complement is o already, expected another stage'],
    },
    {
      name: 'a complement with another parent than its sibling',
      stages: '{ click: { label: c }, a: { label: a }, o: { complement_of: a, from: impression } }',
      mistakes: ['stages.o.complement_of: o comes from impression and a comes from click, expected the same'],
    },
    {
      name: 'a complement of a stage in an exclusive group',
      stages:
        '{ a: { label: a, exclusive: g }, b: { label: b, exclusive: g, from: impression }, o: { complement_of: a } }',
      mistakes: [
        'stages.o.complement_of: got an exclusive group beside it, expected none: a and o are exclusive already',
      ],
    },
    {
      name: 'a group of one',
      stages: '{ a: { label: a, exclusive: g } }',
      mistakes: ['stages.a.exclusive: got g, a group of one, expected siblings in it'],
    },
    {
      name: 'a group of stages with different parents',
      stages: '{ a: { label: a, exclusive: g }, b: { label: b, exclusive: g } }',
      mistakes: ['stages.b.exclusive: a comes from impression and b comes from a, expected siblings in g'],
    },
  ])('are refused: $name', ({ stages, mistakes }) => {
    expect(mistakesIn({ stages })).toEqual(mistakes);
  });
});

describe('roles', () => {
  it.each([
    {
      name: 'a stage that does not exist',
      roles: '{ click: clicks, conversion: buy }',
      mistakes: [
        'roles.click: no stage clicks, did you mean click? expected one of impression, click, conversion',
        'roles.conversion: no stage buy, expected one of impression, click, conversion',
      ],
    },
    {
      name: 'stages in the wrong order',
      roles: '{ click: conversion, conversion: click }',
      mistakes: ['roles: got impression > conversion > click, expected each to lie on every path to the next'],
    },
    {
      name: 'one stage for two roles',
      roles: '{ impression: click, click: click, conversion: conversion }',
      mistakes: ['roles: got click > click > conversion, expected each to lie on every path to the next'],
    },
  ])('are refused: $name', ({ roles, mistakes }) => {
    expect(mistakesIn({ roles })).toEqual(mistakes);
  });

  it('are refused where a conversion is possible without the click', () => {
    const stages =
      '{ a: { label: a, exclusive: g }, b: { label: b, from: impression, exclusive: g }, buy: { label: z, from: [a, b] } }';
    expect(mistakesIn({ stages, roles: '{ click: a, conversion: buy }' })).toEqual([
      'roles: got impression > a > buy, expected each to lie on every path to the next',
    ]);
  });
});
