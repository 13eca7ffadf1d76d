import { describe, expect, it } from 'vitest';
import { findCycle, findPath, isOnEveryPath } from '../../../lib/config/resolve/stage-paths.ts';

// root > a > b > d, root > a > c > d, root > e
const diamond = [
  { name: 'a', from: ['root'] },
  { name: 'b', from: ['a'] },
  { name: 'c', from: ['a'] },
  { name: 'd', from: ['b', 'c'] },
  { name: 'e', from: ['root'] },
];

describe('findPath', () => {
  it('returns a shortest path, both ends included', () => {
    expect(findPath(diamond, 'root', 'd')).toEqual(['root', 'a', 'b', 'd']);
    expect(findPath(diamond, 'd', 'd')).toEqual(['d']);
  });

  it('returns undefined against the direction of the edges', () => {
    expect(findPath(diamond, 'd', 'a')).toBeUndefined();
    expect(findPath(diamond, 'e', 'd')).toBeUndefined();
  });
});

describe('findCycle', () => {
  it('returns undefined for a graph whose paths merge without a cycle', () => {
    expect(findCycle(diamond)).toBeUndefined();
  });

  it('returns the stages of a cycle, from one of them back to the same', () => {
    expect(findCycle([...diamond, { name: 'f', from: ['root', 'g'] }, { name: 'g', from: ['f'] }])).toEqual([
      'f',
      'g',
      'f',
    ]);
    expect(findCycle([{ name: 'a', from: ['a'] }])).toEqual(['a', 'a']);
  });
});

describe('isOnEveryPath', () => {
  it.each([
    { through: 'a', to: 'd', expected: true },
    { through: 'b', to: 'd', expected: false },
    { through: 'root', to: 'd', expected: true },
    { through: 'd', to: 'd', expected: true },
    { through: 'e', to: 'd', expected: false },
    { through: 'a', to: 'nowhere', expected: false },
  ])('is $expected for $through between root and $to', ({ through, to, expected }) => {
    expect(isOnEveryPath(diamond, 'root', through, to)).toBe(expected);
  });
});
