/** Every schedule of functions that encode the same range at the same time, any of which may be killed at any call. */
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { encodeRange, type RangeEncoder } from '../../../lib/bundle/fleet/encode-range.ts';
import {
  type EncodingPlan,
  encodedFileKey,
  encodingPlanKey,
  type RangeReceipt,
  rangeReceiptKey,
} from '../../../lib/bundle/fleet/records.ts';
import { recordText } from '../../../lib/store/records.ts';
import type { MemoryStore } from '../../scoring/world/world.ts';
import { type Explored, explore } from '../scoring/explore.ts';

const RANGE = { model: 'shop', run: 'night', encoding: '0123456789abcdef', range: 0 };
const NONE = { train: {}, validation: {}, test: {} };
const PLAN: EncodingPlan = {
  formatVersion: 1,
  rows: { path: '/prepared.parquet', from: 'rows', stages: ['click'], delayed: [], hasGroups: false },
  meanWeights: { train: 1, validation: 1, test: 1 },
  prepared: { versionId: 'v', size: 2, footer: { start: 1, end: 2 } },
  encoder: [],
  ranges: [{ from: 0, to: 10, bytes: { start: 0, end: 1 } }],
};

let scratch: string;

beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'encode-range-'));
});
afterAll(() => rm(scratch, { recursive: true }));

/** Writes files with bytes of its own, as a processor that rounds in its own way might. */
function encoderOf(worker: number): RangeEncoder {
  return {
    async encode(_place, _plan, range, folder) {
      await mkdir(join(folder, 'rows'));
      const file = async (part: string) => {
        const path = `rows/${part}-0000${range}.parquet`;
        const text = `${part} rows by ${worker}`;
        await writeFile(join(folder, path), text);
        return { path, rows: 4 + worker, sha256: sha256(text) };
      };
      return { files: { train: await file('train'), validation: await file('validation') }, counts: NONE };
    },
  };
}

function sha256(content: string | Uint8Array): string {
  return createHash('sha256').update(content).digest('hex');
}

/** The receipt, whose files are there with their bytes; `null` where there is none. */
function receiptIn(store: MemoryStore): RangeReceipt | null {
  const [object] = store.versions(rangeReceiptKey(RANGE, RANGE.range)).slice(-1);
  if (object === undefined) return null;
  const receipt: RangeReceipt = JSON.parse(new TextDecoder().decode(object.body));
  for (const file of [receipt.files.train, receipt.files.validation]) {
    const [stored] = store.versions(encodedFileKey(RANGE, file?.sha256 ?? '')).slice(-1);
    expect(stored && sha256(stored.body)).toBe(file?.sha256);
  }
  return receipt;
}

function exploreRange({ functions, kills }: { functions: number; kills: number }): Promise<Explored> {
  return explore({
    setUp: async (store) => {
      await store.put(encodingPlanKey(RANGE), recordText(PLAN));
      return Array.from({ length: functions }, (_, worker) => (tools) => {
        return encodeRange({ ...tools, encoder: encoderOf(worker), scratch }, RANGE);
      });
    },
    kills,
    atEveryInstant: (store) => void receiptIn(store),
    atTheEnd: async (store) => {
      const receipt = receiptIn(store);
      expect(receipt).not.toBeNull();
      // Both files are of one function, whichever was first.
      expect(receipt?.files.train?.rows).toBe(receipt?.files.validation?.rows);
    },
  });
}

it('has one receipt in the end, whose files are there at every instant', async () => {
  const two = await exploreRange({ functions: 2, kills: 2 });
  const three = await exploreRange({ functions: 3, kills: 1 });
  for (const { states, ends } of [two, three]) {
    expect(states).toBeGreaterThan(30);
    expect(ends).toBeGreaterThan(1);
  }
});
