import { beforeAll, describe, expect, it } from 'vitest';
import { type Block, MemoryPlan, type SparseMemory } from '../../../lib/engine/memory/memory-plan.ts';
import { maskDraws } from '../../../lib/engine/step/dropout.ts';
import { dropoutMasks } from '../dropout-masks.ts';

const [ROWS, UNITS, NAME] = [200, 50, 'click.0.mask'];

describe('the dropout mask of a step', () => {
  let memory: SparseMemory;
  let block: Block;
  beforeAll(async () => {
    const plan = new MemoryPlan();
    block = plan.reserve(ROWS * UNITS);
    memory = await plan.build();
  });

  const draw = (change: { name?: string; rate?: number; seed?: number; step?: number; from?: number } = {}) => {
    const { name = NAME, from = 0, ...dropout } = change;
    const { key, threshold, kept } = maskDraws(name, { rate: 0.2, seed: 3, step: 7, ...dropout });
    const mask = memory.floats(block).fill(9);
    memory.kernels.dropout(block.offset, from, mask.length, key, threshold, kept);
    return mask.slice(0, mask.length - from);
  };

  it('has a value for each unit of each row: 0, or 1 / (1 - rate)', () => {
    const mask = draw();
    expect(new Set(mask)).toEqual(new Set([0, Math.fround(1 / 0.8)]));
  });

  it.each([0.001, 0.2, 0.5, 0.73, 0.999])('drops units at the rate %d', (rate) => {
    const masks = Array.from({ length: 20 }, (_, step) => draw({ rate, step }));
    const dropped = masks.reduce((sum, mask) => sum + shareOfZeros(mask), 0) / masks.length;
    // Four standard deviations of the share in 200,000 draws.
    expect(Math.abs(dropped - rate)).toBeLessThan(4 * Math.sqrt((rate * (1 - rate)) / (masks.length * ROWS * UNITS)));
  });

  it('drops neighbouring units, units of neighbouring rows and of other masks independently', () => {
    const zeros = (mask: Float32Array) => mask.map((value) => Number(value === 0));
    const [first, otherStep, otherName, otherSeed] = [
      draw(),
      draw({ step: 8 }),
      draw({ name: 'click.1.mask' }),
      draw({ seed: 4 }),
    ].map(zeros) as [Float32Array, Float32Array, Float32Array, Float32Array];
    const both = (a: Float32Array, b: Float32Array) =>
      a.filter((value, i) => value === 1 && b[i] === 1).length / b.length;
    const pairs = [first.subarray(1), first.subarray(UNITS), otherStep, otherName, otherSeed];
    // Four standard deviations of a share of 0.04 in 10,000 draws.
    for (const other of pairs)
      expect(Math.abs(both(first, other) - 0.04)).toBeLessThan(4 * Math.sqrt((0.04 * 0.96) / 9950));
  });

  it('is that of the stream of its seed, name and step, whichever part of it is drawn', () => {
    const whole = dropoutMasks([{ name: NAME, units: UNITS }], ROWS, { rate: 0.2, seed: 3, step: 7 })[NAME];
    for (const from of [0, 1, 2, 3, 50, 9_998]) expect(draw({ from })).toEqual(whole?.subarray(from));
  });
});

function shareOfZeros(mask: Float32Array): number {
  return mask.filter((value) => value === 0).length / mask.length;
}
