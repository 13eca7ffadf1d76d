import { describe, expect, it } from 'vitest';
import { NotEnoughMemoryError } from '../../../lib/config/machine.ts';
import { MAX_BYTES, MemoryPlan } from '../../../lib/engine/memory/memory-plan.ts';
import { planTable } from '../../../lib/engine/memory/memory-table.ts';
import { type OptimizerChoice, optimizerOf } from '../../../lib/engine/optimizers.ts';

describe('a memory plan', () => {
  it('gives each block its own cache lines, none of them at address 0', async () => {
    const plan = new MemoryPlan();
    const blocks = [1, 16, 17, 3].map((length) => plan.reserve(length));
    expect(blocks).toEqual([
      { offset: 1024, length: 1 },
      { offset: 1088, length: 16 },
      { offset: 1152, length: 17 },
      { offset: 1280, length: 3 },
    ]);
    expect(plan.bytes).toBe(1344);
    const memory = await plan.build();
    for (const block of blocks) expect([...memory.floats(block)]).toEqual(new Array(block.length).fill(0));
  });

  it('has blocks beside the memory, which need not be in it', async () => {
    const plan = new MemoryPlan(2048);
    const [inside, beside, other] = [plan.reserve(3), plan.reserveBeside(1000), plan.reserveBeside(7)];
    expect(beside).toEqual({ offset: 0, length: 1000, buffer: 0 });
    expect([plan.bytes, plan.bytesBeside]).toEqual([1088, 4028]);
    const memory = await plan.build();
    memory.floats(other).fill(2);
    expect([...memory.ints(inside)]).toEqual([0, 0, 0]);
    expect([...memory.floats(beside)]).toEqual(new Array(1000).fill(0));
    expect([...memory.bytes(other).subarray(24)]).toEqual([0, 0, 0, 64]);
  });

  it('fails where the memory needs more than 4 GiB', async () => {
    const plan = new MemoryPlan();
    plan.reserve(1.5 * 2 ** 30);
    await expect(plan.build()).rejects.toThrow(
      new NotEnoughMemoryError(
        'parameters and a batch need 6.0 GiB beside the embedding tables, expected at most 4.0 GiB: lower training.batch_size or model.hidden_units',
      ),
    );
  });

  it('fails where a table beside the memory needs more than 16 GiB', async () => {
    const plan = new MemoryPlan();
    plan.reserveBeside(4.5 * 2 ** 30);
    await expect(plan.build()).rejects.toThrow(
      new NotEnoughMemoryError(
        "an embedding table needs 18.0 GiB with its optimizer's state, expected at most 16.0 GiB: lower its dimension or size, or choose an optimizer that keeps less (rowwise_adagrad)",
      ),
    );
  });

  // The numbers of rows in docs/model.md; scripts/table-rows.ts makes a training step at each of these limits.
  it.each([
    { millions: 19.7, optimizer: { type: 'adam' } },
    { millions: 29.6, optimizer: { type: 'adagrad' } },
    { millions: 55.7, optimizer: { type: 'rowwise_adagrad' } },
    { millions: 58.8, optimizer: { type: 'sgd' } },
  ] as const)('holds $millions million rows of 18 dimensions with $optimizer.type', ({ millions, optimizer }) => {
    expect(bytesOf(millions, optimizer)).toBeLessThan(MAX_BYTES);
    expect(bytesOf(millions + 0.2, optimizer)).toBeGreaterThan(MAX_BYTES);
  });
});

function bytesOf(millions: number, optimizer: Pick<OptimizerChoice, 'type'>): number {
  const plan = new MemoryPlan();
  const { state } = optimizerOf({ ...optimizer, learningRate: 0.001 }).sparse;
  planTable(plan, { rows: millions * 1e6, dimension: 18, state });
  // The flags of touched rows, a byte each.
  plan.reserve((millions * 1e6) / 4);
  return plan.bytes;
}
