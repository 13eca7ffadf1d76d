import { describe, expect, it } from 'vitest';
import { nearest } from '../../lib/config/nearest.ts';

const keys = ['from', 'label', 'weight', 'max_inconsistent'];

describe('nearest', () => {
  it.each([
    { word: 'weigth', meant: 'weight', why: 'two letters changed places' },
    { word: 'lable', meant: 'label', why: 'two letters changed places' },
    { word: 'form', meant: 'from', why: 'two letters changed places' },
    { word: 'labels', meant: 'label', why: 'a letter too many' },
    { word: 'wight', meant: 'weight', why: 'a letter too few' },
    { word: 'max_inconsistant', meant: 'max_inconsistent', why: 'another letter' },
    { word: 'maxInconsistent', meant: 'max_inconsistent', why: 'another spelling' },
    { word: 'colour', meant: undefined, why: 'nothing is near' },
    { word: 'table', meant: undefined, why: 'two of five letters are too many' },
  ])('takes $word for $meant: $why', ({ word, meant }) => {
    expect(nearest(word, keys)).toBe(meant);
  });

  it('finds nothing for a word of one letter', () => {
    expect(nearest('b', ['a'])).toBeUndefined();
  });

  it('takes the candidate with the fewest edits', () => {
    expect(nearest('column', ['columns_', 'columns', 'colon'])).toBe('columns');
  });
});
