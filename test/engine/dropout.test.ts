import { describe, expect, it } from 'vitest';
import { dropoutMasks } from '../../lib/engine/dropout.ts';

const MASKS = [
  { name: 'click.0.mask', units: 50 },
  { name: 'click.1.mask', units: 30 },
];

describe('the dropout masks of a step', () => {
  const drop = (dropout: { rate?: number; seed?: number; step?: number } = {}) =>
    dropoutMasks(MASKS, 200, { rate: 0.2, seed: 3, step: 7, ...dropout });

  it('have a value for each unit of each row: 0, or 1 / (1 - rate)', () => {
    const { 'click.0.mask': mask = new Float32Array(), ...others } = drop();
    expect(mask).toHaveLength(200 * 50);
    expect(others['click.1.mask']).toHaveLength(200 * 30);
    expect(new Set(mask)).toEqual(new Set([0, Math.fround(1 / 0.8)]));
    // Four standard deviations of a share of 0.2 in 10,000 draws.
    const dropped = mask.filter((value) => value === 0).length / mask.length;
    expect(Math.abs(dropped - 0.2)).toBeLessThan(0.016);
  });

  it('depend on seed, step and name only', () => {
    expect(drop()).toEqual(drop());
    const first = drop()['click.0.mask'];
    expect(drop({ seed: 4 })['click.0.mask']).not.toEqual(first);
    expect(drop({ step: 8 })['click.0.mask']).not.toEqual(first);
    expect(drop()['click.1.mask']).not.toEqual(first?.slice(0, 200 * 30));
    expect(dropoutMasks(MASKS.slice(0, 1), 10, { rate: 0.2, seed: 3, step: 7 })['click.0.mask']).toEqual(
      first?.slice(0, 10 * 50),
    );
  });
});
