import { describe, expect, it } from 'vitest';
import { readYaml } from '../../lib/config/read-yaml.ts';

const text = `# a comment
log:
  keys: [row, item]
  time:
roles: { click: a }
list:
  - one
  - two: 2
base: &base 5
copy: *base
`;

describe('the position', () => {
  const yaml = readYaml(text);

  it.each([
    { name: 'of a scalar is that of its value', path: ['roles', 'click'], at: { line: 5, column: 17 } },
    { name: 'of a map is that of its key', path: ['log'], at: { line: 2, column: 1 } },
    { name: 'of a flow map is that of its key', path: ['roles'], at: { line: 5, column: 1 } },
    { name: 'of a list is that of its key', path: ['log', 'keys'], at: { line: 3, column: 3 } },
    { name: 'of an item of a list is its own', path: ['log', 'keys', 1], at: { line: 3, column: 15 } },
    { name: 'of a value in an item that is a map is its own', path: ['list', 1, 'two'], at: { line: 8, column: 10 } },
    { name: 'of an empty value is that of its key', path: ['log', 'time'], at: { line: 4, column: 3 } },
    {
      name: 'of a missing member is that of the key of the map that lacks it',
      path: ['roles', 'conversion'],
      at: { line: 5, column: 1 },
    },
    { name: 'of a missing section is the start of the file', path: ['stages'], at: { line: 1, column: 1 } },
    { name: 'of an alias is where it is used', path: ['copy'], at: { line: 10, column: 7 } },
    { name: 'of the whole file is its start', path: [], at: { line: 1, column: 1 } },
  ])('$name', ({ path, at }) => {
    expect(yaml.locate(path)).toEqual(at);
  });

  it('of the key of a scalar is its own', () => {
    expect(yaml.locateKey(['roles', 'click'])).toEqual({ line: 5, column: 10 });
  });
});

describe('values', () => {
  it('are plain values by the rules of YAML 1.2', () => {
    const { value } = readYaml('a: yes\nb: true\nc: 2026-05-08\nd: 1e-3\n1: x\ne: ~\nf: &f [1]\ng: *f\n');
    expect(value).toEqual({ a: 'yes', b: true, c: '2026-05-08', d: 0.001, 1: 'x', e: null, f: [1], g: [1] });
  });
});

describe('problems', () => {
  it.each([
    {
      name: 'a repeated key, once for each level',
      source: 'a: 1\nb: { c: 1, c: 2 }\na: 2\n',
      isReadable: true,
      problems: ['2:12 key c given twice', '3:1 key a given twice'],
    },
    {
      name: 'an alias without an anchor',
      source: 'a: *b\n',
      isReadable: false,
      problems: ['1:4 no anchor &b before the alias *b'],
    },
    {
      name: 'a tab',
      source: 'a:\n\tb: 1\n',
      isReadable: false,
      problems: ['2:1 tabs are not allowed as indentation'],
    },
    {
      name: 'a quote left open',
      source: 'a: "b\n',
      isReadable: false,
      problems: ['2:1 missing closing "quote'],
    },
    {
      name: 'an unknown tag',
      source: 'a: !secret b\n',
      isReadable: true,
      problems: ['1:4 unresolved tag: !secret'],
    },
    {
      name: 'a second document',
      source: 'a: 1\n---\nb: 2\n',
      isReadable: false,
      problems: ['2:1 got a second document, expected one'],
    },
  ])('include $name', ({ source, isReadable, problems }) => {
    const yaml = readYaml(source);
    expect(yaml.problems.map(({ line, column, message }) => `${line}:${column} ${message}`)).toEqual(problems);
    expect(yaml.isReadable).toBe(isReadable);
  });
});
