import { appendFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openScoringModel } from '../../../lib/engine/ort/scoring-model.ts';
import { smallChunk, smallModel } from '../small-model.ts';
import { published } from './published.ts';

describe('a scoring model', () => {
  it('returns the same bits from worker threads as from one thread', async () => {
    const folder = await published(smallModel());
    const chunks = [0, 1, 2, 3, 4].map((index) => smallChunk(index === 4 ? 100 : 4500, index * 977));
    const scoresOf = async (threads: number) => {
      const model = await openScoringModel(folder, { threads });
      model.prepare(100_000);
      try {
        return await Promise.all(chunks.map((chunk) => model.predict(chunk)));
      } finally {
        await model.release();
      }
    };
    const alone = await scoresOf(1);
    expect(await scoresOf(2)).toEqual(alone);
    expect(await scoresOf(3)).toEqual(alone);
  });

  it('scores rows in shared memory as it scores others', async () => {
    const chunk = smallChunk(4500);
    const buffer = new SharedArrayBuffer(500_000);
    let end = 0;
    const share = <Values extends Int32Array | Float32Array>(columns: Readonly<Record<string, Values>>) =>
      Object.fromEntries(
        Object.entries(columns).map(([name, values]) => {
          const View = values.constructor as new (of: SharedArrayBuffer, from: number, length: number) => Values;
          const copy = new View(buffer, end, values.length);
          copy.set(values);
          end += values.byteLength;
          return [name, copy];
        }),
      );
    const { ids, weights, numbers } = chunk;
    const shared = { rows: 4500, ids: share(ids), weights: share(weights), numbers: share(numbers) };
    const model = await openScoringModel(await published(smallModel()), { threads: 2 });
    model.prepare(100_000);
    expect(await model.predict(shared)).toEqual(await model.predict(chunk));
    await model.release();
  });

  it('leaves the rows that it scored as they were', async () => {
    const model = await openScoringModel(await published(smallModel()), { threads: 2 });
    model.prepare(100_000);
    const chunk = smallChunk(4096);
    await model.predict(chunk);
    expect(chunk).toEqual(smallChunk(4096));
    await model.release();
  });

  it('scores on, in new threads, after a chunk that cannot be scored', async () => {
    const model = await openScoringModel(await published(smallModel()), { threads: 2 });
    model.prepare(100_000);
    const chunk = smallChunk(300);
    const expected = await model.predict(chunk);
    const unknown = { ...chunk, ids: { ...chunk.ids, item: new Int32Array(300).fill(1_000_000) } };
    const others = [smallChunk(5000), smallChunk(5000)].map((other) => model.predict(other));
    await expect(model.predict(unknown)).rejects.toThrow(
      'row ids of item are below 40, the rows of embedding.item, got 1000000',
    );
    await Promise.all(others);
    expect(await model.predict(chunk)).toEqual(expected);
    await model.release();
  });

  it('ends its threads only once they have scored what they were given', async () => {
    const model = await openScoringModel(await published(smallModel()), { threads: 2 });
    model.prepare(100_000);
    const scored = model.predict(smallChunk(20_000));
    await model.release();
    expect((await scored).pctr).toHaveLength(20_000);
  });

  it('names the column that rows lack', async () => {
    const model = await openScoringModel(await published(smallModel()), { threads: 1 });
    const { ids, ...rest } = smallChunk(2);
    const { city: _, ...others } = ids;
    await expect(model.predict({ ...rest, ids: others })).rejects.toThrow('encoded rows have no ids of city');
    await model.release();
  });

  it('is not opened from a file that is no model', async () => {
    const folder = await published(smallModel());
    const path = join(folder, 'model.onnx');
    await appendFile(path, 'more');
    await expect(openScoringModel(folder, { threads: 1 })).rejects.toThrow(`${path} is no ONNX model`);
    await writeFile(path, new Uint8Array([0x3a, 0xff, 0x01]));
    await expect(openScoringModel(folder, { threads: 1 })).rejects.toThrow(
      `${path} is no ONNX model: a field at 0 ends after its message`,
    );
  });
});
