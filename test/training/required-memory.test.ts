import { describe, expect, it } from 'vitest';
import { parseDeclaration } from '../../lib/config/parse-declaration.ts';
import { scoringBytes } from '../../lib/engine/ort/scoring-model.ts';
import { modelOf } from '../../lib/model/model.ts';
import { stageGraph } from '../../lib/model/stage-graph.ts';
import { largeVersionNote } from '../../lib/training/large-version.ts';
import { assertTrainable, memoryOfWeights, requiredMemory } from '../../lib/training/required-memory.ts';

const MIB = 2 ** 20;
const rows = { train: { rows: 1e6, windowBytes: () => 10 * MIB } };
const training = {
  engine: 'onnxruntime',
  batchSize: 1024,
  optimizer: 'adam',
  learningRate: 0.01,
  dropout: 0,
  threads: 1,
} as const;

const { stages, root, roles } = parseDeclaration(
  'name: s\nstages: { click: { label: c }, conversion: { label: v } }\nlog: { keys: [k] }\nfeatures: { a: { type: number, entity: user } }\n',
  'e.yaml',
);

/** A model with one table of a million rows, 8 wide: 30.5 MiB of weights. */
function model(hiddenUnits: readonly number[], tableRows = 1e6) {
  return modelOf(
    stageGraph({ stages, root, roles }),
    { type: 'esmm', hiddenUnits: [...hiddenUnits], fields: 'concatenate' },
    [{ kind: 'id', name: 'u', entity: 'user', table: 'u' }],
    [{ name: 'u', rows: tableRows, dimension: 8 }],
  );
}

describe('the memory that training needs', () => {
  it('is that of the tables with their state, of a copy of the weights, and of the rows', () => {
    // 1e6 rows of 24 floats and a flag; a copy of 8 floats; 4 percent of both; another flag; 10 MiB of rows; a batch of
    // less than 1 MiB.
    const needed = (1.04 * (1e6 * (24 * 4 + 1) + 1e6 * 8 * 4) + 1e6) / MIB + 10;
    const machine = (mib: number) => ({ memoryBytes: mib * MIB, processors: 1 });
    expect(() =>
      assertTrainable(requiredMemory(model([8]), training, rows), machine(100 + needed + 2), 100 * MIB),
    ).not.toThrow();
    expect(() => assertTrainable(requiredMemory(model([8]), training, rows), machine(100 + needed), 100 * MIB)).toThrow(
      /^training needs 13\d\.\d MiB of memory besides the 100\.0 MiB in use, expected at most 23\d\.\d MiB in all, the limit of this process: lower the dimension of the embeddings or their number \(vocabulary\.min_count, vocabulary\.max_size, hash\), or choose optimizer rowwise_adagrad$/,
    );
  });

  it('is more where several threads train', () => {
    const machine = { memoryBytes: 270 * MIB, processors: 8 };
    const check = (threads: number) => () =>
      assertTrainable(requiredMemory(model([8]), { ...training, threads }, rows), machine, 0);
    expect(check(1)).not.toThrow();
    expect(check(5)).not.toThrow();
    expect(check(6)).toThrow(/^training needs 28\d\.\d MiB of memory/);
  });

  it('is more with the libraries of the other engine, which has no worker threads', () => {
    const machine = { memoryBytes: 370 * MIB, processors: 8 };
    const check = (threads: number) => () =>
      assertTrainable(requiredMemory(model([8]), { ...training, engine: 'tfjs-node', threads }, rows), machine, 0);
    for (const threads of [1, 6]) expect(check(threads)).toThrow(/^training needs 37\d\.\d MiB of memory/);
  });

  it('is more where it begins with the weights of a version: the file and what is read of it, or that alone', () => {
    const bytes = (tableRows: number, isWarm: boolean) =>
      requiredMemory(model([8], tableRows), training, { ...rows, isWarm }).bytes;
    const copy = (tableRows: number) => 1.04 * tableRows * 8 * 4;
    expect((bytes(1e6, true) - bytes(1e6, false)) / copy(1e6)).toBeCloseTo(2, 3);
    // Beyond 1 GiB the weights are in a file of their own.
    expect((bytes(1e8, true) - bytes(1e8, false)) / copy(1e8)).toBeCloseTo(1, 3);
  });

  it('is that of the scores of held-out rows where these need more than a step', () => {
    const bytes = (scoring: number) => requiredMemory(model([8]), training, { ...rows, scoring }).bytes;
    const none = bytes(0);
    expect(bytes(9 * MIB)).toBe(none);
    const most = bytes(100 * MIB);
    expect(most).toBeGreaterThan(none + 89 * MIB);
    expect(most).toBeLessThan(none + 91 * MIB);
    expect(bytes(200 * MIB) - most).toBe(100 * MIB);
  });

  it('is that of the weights alone, with a flag for each row, where they were trained elsewhere', () => {
    const home = memoryOfWeights(model([8]), 50 * MIB);
    const weights = 1.04 * 1e6 * 8 * 4 + 1e6 + 50 * MIB;
    expect(home.bytes).toBeGreaterThan(weights);
    expect(home.bytes).toBeLessThan(weights + MIB);
    expect(() => assertTrainable(home, { memoryBytes: 100 * MIB, processors: 1 }, 50 * MIB)).toThrow(
      /^evaluating trained weights needs 8\d\.\d MiB of memory besides the 50\.0 MiB in use, expected at most 100\.0 MiB in all, the limit of this process: lower the dimension of the embeddings/,
    );
  });

  it('is blamed on the batch where that is most of it', () => {
    const wide = { ...training, batchSize: 500_000 };
    expect(() =>
      assertTrainable(requiredMemory(model([1000]), wide, rows), { memoryBytes: 1024 * MIB, processors: 1 }, 100 * MIB),
    ).toThrow(/: lower training\.batch_size or model\.hidden_units$/);
  });
});

describe('the memory that scoring held-out rows needs', () => {
  const bytes = (held: number, threads = 2, tableRows = 1e6) =>
    scoringBytes(model([8], tableRows), { rows: held, threads });

  it('is none to speak of for so few rows that one thread scores them', () => {
    expect(bytes(32_767)).toBe(0);
  });

  it('is that of the tables, up to 512 MiB, of parts of rows, up to 192 MiB, and of threads', () => {
    // Two towers of 8 units and of one for the logit; the parts of users and of items.
    const parts = 2 * 4 * 18 * 40_000;
    expect(bytes(40_000)).toBe(1e6 * 8 * 4 + parts + 2 * 24 * MIB);
    expect(bytes(40_000, 2, 1e8)).toBe(512 * MIB + parts + 2 * 24 * MIB);
    expect(bytes(1e7, 4, 1e8)).toBe((512 + 192 + 4 * 24) * MIB);
  });
});

describe('a version that functions cannot score', () => {
  it('is printed before the training', () => {
    // 4 GiB of scratch disk are the embeddings of 2^27 rows of 8 floats.
    expect(largeVersionNote(model([8], 2 ** 27))).toBe(
      'a version has 4.0 GiB of weights, more than the 4.0 GiB of scratch disk that functions have: score it on a machine (entirespace score), or give them more, up to 10240 MiB (-c scratch)',
    );
    expect(largeVersionNote(model([8], 2 ** 27 - 100))).toBeNull();
  });
});
