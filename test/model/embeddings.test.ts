import { describe, expect, it } from 'vitest';
import { stageGraph } from '../../lib/model/stage-graph.ts';
import { smallModel } from '../engine/small-model.ts';
import { chainOfThree } from './funnels.ts';

const graph = stageGraph(chainOfThree);

describe('the embeddings of a model', () => {
  it('have each of the encoder’s tables once where the towers share them', () => {
    const { tables, fields, width } = smallModel().embeddings;
    expect(tables.map(({ name, ids }) => [name, ids])).toEqual([
      ['item', 'item'],
      ['city', 'city'],
      ['age', 'age'],
    ]);
    expect(fields.map(({ table, offset, trainedOn }) => [table, offset, trainedOn])).toEqual([
      ['city', 0, null],
      ['item', 6, null],
      ['age', 12, null],
      ['item', 18, null],
    ]);
    expect(width).toBe(24);
  });

  it('have a copy of each table for each tower, side by side, where the towers do not share them', () => {
    const { tables, fields, width } = smallModel('concatenate', graph, 'esmm-ns').embeddings;
    expect(tables.map(({ name, ids, rows }) => [name, ids, rows])).toEqual([
      ['click.item', 'item', 40],
      ['click.city', 'city', 9],
      ['click.age', 'age', 5],
      ['conversion.item', 'item', 40],
      ['conversion.city', 'city', 9],
      ['conversion.age', 'age', 5],
    ]);
    expect(fields.map(({ table, offset }) => [table, offset])).toEqual([
      ['click.city', 0],
      ['click.item', 6],
      ['click.age', 12],
      ['click.item', 18],
      ['conversion.city', 24],
      ['conversion.item', 30],
      ['conversion.age', 36],
      ['conversion.item', 42],
    ]);
    expect(width).toBe(48);
  });

  it('name for each field the stage whose rows train it', () => {
    const { fields } = smallModel('concatenate', graph, 'base').embeddings;
    expect(fields.map(({ trainedOn }) => trainedOn)).toEqual([
      ...[null, null, null, null],
      ...['click', 'click', 'click', 'click'],
    ]);
  });

  it('have a table of weights for each tower and table of a wide feature', () => {
    const { tables, fields, width } = smallModel('concatenate', graph, { wide: ['item', 'history', 'age'] }).embeddings;
    expect(tables.slice(3).map(({ name, ids, dimension, start }) => [name, ids, dimension, start])).toEqual([
      ['click.wide.item', 'item', 1, 'zero'],
      ['click.wide.age', 'age', 1, 'zero'],
      ['conversion.wide.item', 'item', 1, 'zero'],
      ['conversion.wide.age', 'age', 1, 'zero'],
    ]);
    expect(fields.slice(4).map(({ input, table, offset }) => [input.name, table, offset])).toEqual([
      ['history', 'click.wide.item', 24],
      ['age', 'click.wide.age', 25],
      ['item', 'click.wide.item', 26],
      ['history', 'conversion.wide.item', 27],
      ['age', 'conversion.wide.age', 28],
      ['item', 'conversion.wide.item', 29],
    ]);
    expect(width).toBe(30);
  });
});
