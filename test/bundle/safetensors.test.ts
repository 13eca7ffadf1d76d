import { mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readSafetensors, writeSafetensors } from '../../lib/bundle/safetensors.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'entirespace-safetensors-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const WEIGHT = { name: 'weight', shape: [2, 2], values: Float32Array.of(1, -2, 0.5, 3e-39) };
const FLAGS = { name: 'flags', shape: [3], values: Uint8Array.of(1, 0, 1) };

async function written(name: string): Promise<string> {
  const path = join(folder, name);
  await writeSafetensors(path, [WEIGHT, FLAGS]);
  return path;
}

describe('a file of arrays', () => {
  it('has the bytes that the format describes', async () => {
    const bytes = await readFile(await written('bytes'));
    const header =
      '{"weight":{"dtype":"F32","shape":[2,2],"data_offsets":[0,16]},"flags":{"dtype":"U8","shape":[3],"data_offsets":[16,19]}}';
    const length = Math.ceil(header.length / 8) * 8;
    expect(bytes.readBigUInt64LE(0)).toBe(BigInt(length));
    expect(bytes.subarray(8, 8 + length).toString()).toBe(header.padEnd(length));
    expect(bytes.length).toBe(8 + length + 19);
    expect(bytes.readFloatLE(8 + length + 4)).toBe(-2);
  });

  it('gives back what was written, to the last bit', async () => {
    const arrays = await readSafetensors(await written('same'), [
      { name: 'flags', size: 3, type: 'U8' },
      { name: 'weight', size: 4, type: 'F32' },
    ]);
    expect(arrays.get('flags')).toEqual(FLAGS.values);
    expect(arrays.get('weight')).toEqual(WEIGHT.values);
  });

  it('is never overwritten', async () => {
    await expect(writeSafetensors(await written('there'), [])).rejects.toThrow('EEXIST');
  });

  it.each([
    ['an array that it does not have', { name: 'bias', size: 2, type: 'F32' }, 'has no bias, expected 2 values of F32'],
    ['another size', { name: 'weight', size: 5, type: 'F32' }, 'weight: got 4 values of F32, expected 5 of F32'],
    ['another type', { name: 'flags', size: 3, type: 'F32' }, 'flags: got 3 values of U8, expected 3 of F32'],
  ] as const)('is refused where %s is wanted', async (_, wanted, message) => {
    const path = await written(`wanted ${wanted.name} ${wanted.size} ${wanted.type}`);
    await expect(readSafetensors(path, [wanted])).rejects.toThrow(`${path} ${message}`);
  });

  it('is refused where it is cut off', async () => {
    const path = await written('cut');
    const { length } = await readFile(path);
    await truncate(path, length - 5);
    await expect(readSafetensors(path, [{ name: 'flags', size: 3, type: 'U8' }])).rejects.toThrow(
      `${path} flags: got bytes ${length - 3} to ${length}, expected 3 of the file's ${length - 5}`,
    );
  });

  it.each([
    ['nothing', '', 'is no safetensors file: got 0 bytes without a header of their length'],
    ['a longer header than bytes', '12345678', 'is no safetensors file: got 8 bytes without a header of their length'],
    ['no JSON', '\u0002\0\0\0\0\0\0\0no', 'is no safetensors file: its header cannot be read'],
  ])('is refused where it holds %s', async (name, text, message) => {
    const path = join(folder, name);
    await writeFile(path, text);
    await expect(readSafetensors(path, [])).rejects.toThrow(`${path} ${message}`);
  });
});
