/** How a run ends with bad data or settings, a full disk, too little memory or a damaged current version. */
import { readFile, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { currentVersion } from '../../../lib/registry/current.ts';
import { execute, openDatabase } from '../../../lib/table/database.ts';
import { DECLARATION_KEY, putPartitions, shopDeclaration } from '../../training/shop.ts';
import { keysUnder, LOG, messages, type Place, places, resultOf, SLOW } from './place.ts';

const place = places();

/** A file: no folder can be made in it, whatever the rights. */
const UNWRITABLE = import.meta.filename;

describe('a run ends with one line, and nothing published', () => {
  interface Case {
    readonly what: string;
    readonly change: (place: Place) => Promise<unknown>;
    readonly environment?: Readonly<Record<string, string>>;
    readonly code: number;
    readonly message: string | RegExp;
  }
  const day = 'data/dt=2026-01-03/part.csv';
  const nothing = async () => undefined;
  const cases: readonly Case[] = [
    {
      what: 'a setting that is absent',
      change: nothing,
      environment: { MODEL_NAME: '' },
      code: 2,
      message: 'environment: MODEL_NAME is not set',
    },
    {
      what: 'a setting that is no number',
      change: nothing,
      environment: { WINDOW_DAYS: 'ten' },
      code: 2,
      message: 'environment: WINDOW_DAYS must be a whole number from 1 to 3660, got "ten"',
    },
    {
      what: 'a day that is none',
      change: nothing,
      environment: { PARTITIONS_UNTIL: '2026-02-30' },
      code: 2,
      message: 'environment: PARTITIONS_UNTIL must be a day like 2026-01-31, got "2026-02-30"',
    },
    {
      what: 'no declaration',
      change: ({ store }) => store.delete(DECLARATION_KEY),
      code: 3,
      message: /^file:.*\/training\/shop\/entirespace\.yaml:1:1 no such object in the bucket \(DECLARATION_KEY\)$/,
    },
    {
      what: "another model's declaration",
      change: ({ store }) => store.put(DECLARATION_KEY, shopDeclaration().replace('name: shop', 'name: cinema')),
      code: 3,
      message: /^file:.*\/entirespace\.yaml:1:1 name is cinema, expected shop \(MODEL_NAME\)$/,
    },
    {
      what: 'no data in the window',
      change: nothing,
      environment: { PARTITIONS_UNTIL: '2025-06-30' },
      code: 4,
      message: /^no data in file:.*\/data\/: no file in dt=2025-06-21\/ to dt=2025-06-30\/ \(WINDOW_DAYS is 10\)$/,
    },
    {
      what: 'a partition that is missing',
      change: async ({ store }) => {
        await store.delete(day);
        await store.put('data/dt=2026-01-03/_SUCCESS', '');
      },
      code: 4,
      message:
        /^partition missing in file:.*\/data\/: no \.parquet, \.csv or \.csv\.gz file in dt=2026-01-03\/, expected one for each day from 2026-01-01 to 2026-01-10 \(MAX_MISSING_DAYS is 0\)$/,
    },
    {
      what: 'half a Parquet file',
      change: (there) => makeParquet(there, (file) => file.subarray(0, file.length / 2)),
      code: 4,
      message:
        /^\/.*\/bucket-\d+\/data\/dt=2026-01-03\/part\.parquet is cut off: a Parquet file ends with "PAR1", got \d{4} bytes without it$/,
    },
    {
      what: 'a Parquet file with a hole in it',
      change: (there) => makeParquet(there, (file) => file.fill(0, 100, file.length / 2)),
      code: 4,
      message:
        /^\/.*\/bucket-\d+\/data cannot be read: Failed to read file "\/.*\/bucket-\d+\/data\/dt=2026-01-03\/part\.parquet": Snappy decompression failure$/,
    },
    {
      what: 'a window without conversions',
      change: ({ store }) => putPartitions(store, { ...LOG, rows: 3000, lost: 1 }),
      code: 4,
      message:
        /^no conversion in the training part \(2,100 rows\): bought is 0 in every row that counts, expected both 0 and 1 \(in \/.*\/bucket-\d+\/data\)$/,
    },
    {
      what: 'too little memory',
      change: nothing,
      environment: { MEMORY_MIB: '3' },
      code: 6,
      message: /^the log does not fit in 3 MiB: raise MEMORY_MIB, or lower THREADS \(Out of Memory Error: /,
    },
    {
      what: 'no scratch folder',
      change: nothing,
      environment: { SCRATCH: '/no/such/folder' },
      code: 6,
      message: 'no scratch folder /no/such/folder (SCRATCH)',
    },
    {
      what: 'a scratch folder that cannot be written',
      change: nothing,
      environment: { SCRATCH: UNWRITABLE },
      code: 6,
      message: `scratch folder ${UNWRITABLE} cannot be written by user ${process.getuid?.()}: ENOTDIR (SCRATCH)`,
    },
  ];

  it.each(cases)('for $what', async ({ change, environment, code, message }) => {
    const there = await place({}, { ...LOG, rows: 3000 });
    await change(there);
    const run = there.start(environment);
    const { code: got } = await run.ended;
    const last = run.lines.at(-1);
    expect(last?.level).toBe('ERROR');
    if (typeof message === 'string') expect(last?.message).toBe(message);
    else expect(last?.message).toMatch(message);
    expect(got).toBe(code);
    expect(await keysUnder(there.store, 'models/')).toEqual([]);
  });
});

/** Every day's file as Parquet, one of them changed. */
async function makeParquet({ store, scratch }: Place, change: (file: Buffer) => Uint8Array): Promise<void> {
  const database = await openDatabase({ threads: 1, memoryLimitMiB: 256, scratch });
  try {
    for (const key of await keysUnder(store, 'data/')) {
      const path = join(scratch, 'part.parquet');
      await execute(database, `COPY (FROM read_csv('${await store.toFile(key, scratch)}')) TO '${path}'`);
      const file = await readFile(path);
      await store.delete(key);
      await store.put(key.replace('.csv', '.parquet'), key.includes('01-03') ? change(file) : file);
    }
  } finally {
    await database.close();
  }
}

describe('a scratch disk that is full', () => {
  const noRoom = (scratch: string, why: string) =>
    `no room for scratch files in ${scratch}: give SCRATCH a larger disk (${why})`;

  // A limit of a file's size, in blocks of 512 bytes, fails as a full disk does.
  it.each([
    ['the log', 100, /^EFBIG: file too large, copyfile '.*' -> '.*\/part\.csv'$/],
    ['what is checked of it', 400, /^IO Error: Could not write file ".*\/prepared\.parquet_\d+": File too large$/],
    ['its encoded rows', 1400, /^EFBIG: file too large, write$/],
  ])('for %s ends the run', async (_what, blocks, why) => {
    const { store, scratch, start } = await place();
    // Several features of one column are several columns of encoded rows, but one of checked rows.
    const repeated = Array.from(
      { length: 8 },
      (_, i) => `  item${i}: { column: item, type: category, entity: item }\n`,
    );
    await store.put(DECLARATION_KEY, shopDeclaration().replace('features:\n', `features:\n${repeated.join('')}`));
    const run = start({}, { shell: `trap '' XFSZ; ulimit -f ${blocks}` });
    expect(await run.ended).toMatchObject({ code: 6, stderr: '' });
    const [, reason = ''] = /\((.*)\)$/.exec(run.lines.at(-1)?.message ?? '') ?? [];
    expect(run.lines.at(-1)?.message).toBe(noRoom(scratch, reason));
    expect(reason).toMatch(why);
    expect(await keysUnder(store, 'models/')).toEqual([]);
  });

  it('for a checkpoint ends the run, which goes on from the one before once there is room', {
    timeout: 60_000,
  }, async () => {
    const { store, scratch, start } = await place(SLOW);
    const run = start({ CHECKPOINT_MINUTES: '0.002' });
    await run.line('checkpoint written');
    await symlinkSoon('/dev/full', join(scratch, 'entirespace-shop/checkpoint/state.bin'));
    expect(await run.ended).toMatchObject({ code: 6, stderr: '' });
    expect(run.lines.at(-1)?.message).toBe(noRoom(scratch, 'ENOSPC: no space left on device, write'));
    const step = messages(run.lines, 'checkpoint written').at(-1)?.step;
    const again = start();
    expect((await again.ended).code).toBe(0);
    expect(messages(again.lines, 'going on from a checkpoint')).toMatchObject([{ step }]);
    expect((await resultOf(store, 'night-1')).status).toBe('first');
  });
});

/** Makes a symbolic link as soon as there is no file of that name. */
async function symlinkSoon(target: string, path: string): Promise<void> {
  for (;;) {
    const made = await symlink(target, path).then(
      () => true,
      () => false,
    );
    if (made) return;
    await delay(1);
  }
}

describe('the files of the version in use', () => {
  it('are changed or gone: training begins afresh and says so, the gate refuses', { timeout: 60_000 }, async () => {
    const { store, start } = await place({ epochs: 1 });
    expect((await start().ended).code).toBe(0);
    const { version } = await resultOf(store, 'night-1');
    const model = `models/shop/${version}/model.onnx`;
    for (const { runId, change, why } of [
      {
        runId: 'night-2',
        change: () => store.put(model, 'another model'),
        why: /^shop [\w-]+ does not match its manifest: model\.onnx: sha256 got \w{64}, expected \w{64} \(in file:.*\)$/,
      },
      {
        runId: 'night-3',
        change: () => store.delete(model),
        why: /^shop [\w-]+ does not match its manifest: model\.onnx is missing \(in file:.*\)$/,
      },
    ]) {
      await change();
      const next = start({ RUN_ID: runId, WARM_START: 'true' });
      expect((await next.ended).code).toBe(7);
      expect(messages(next.lines, 'no warm start')).toMatchObject([
        { level: 'ERROR', version, why: expect.stringMatching(why) },
      ]);
      expect(messages(next.lines, 'warm start')).toEqual([]);
      expect(next.metrics.at(-1)).toMatchObject({ Promoted: 0 });
      const { status, reasons } = await resultOf(store, runId);
      const about = `the current version ${version} cannot be compared with: `;
      expect({ status, reasons }).toEqual({ status: 'refused', reasons: [expect.stringContaining(about)] });
      expect(reasons[0]?.slice(about.length)).toMatch(why);
      expect((await currentVersion(store, 'shop'))?.version).toBe(version);
    }
  });
});
