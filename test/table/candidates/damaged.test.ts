/** Candidate files with flipped bytes: every row is scored or rejected, or the file fails for good, by its name. */
import { readFile, writeFile } from 'node:fs/promises';
import { beforeAll, expect, it } from 'vitest';
import { planCandidates } from '../../../lib/table/candidates/plan-file.ts';
import { scoreRows } from '../../../lib/table/candidates/score-shard.ts';
import { execute } from '../../../lib/table/database.ts';
import type { EncodedChunk } from '../../../lib/table/encoded.ts';
import { DataError } from '../../../lib/table/errors.ts';
import { localCandidate } from '../../../lib/table/formats/candidate-file.ts';
import { writePath } from '../../../lib/table/paths.ts';
import { candidateWorkplace, declaration, many } from './candidates.ts';

const shop = candidateWorkplace();
const { place } = shop;
const [FILES, ROWS] = [10, 400];
const NAME = 'candidates/damaged.parquet';

/** Whole numbers below a limit, from a seed: a linear congruential generator, of which the upper bits are used. */
function randomBelow(seed: number): (limit: number) => number {
  let state = seed;
  return (limit) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * limit);
  };
}

async function predict({ rows }: EncodedChunk) {
  return { pctr: new Float32Array(rows), pcvr: new Float32Array(rows) };
}

/** Plans and scores a file, and returns its rows and those that were scored or rejected. */
async function countsOf(path: string) {
  const { database } = place;
  const file = await localCandidate(path, NAME);
  const plan = await planCandidates(database, file, { shardRows: 300, encoder: shop.encoder, declaration });
  let [scored, rejected] = [0, 0];
  for (const shard of plan.shards) {
    const options = { database, file, plan, shard, declaration, encoder: shop.encoder, predict };
    const [scoresPath, rejectsPath] = [place.at('damaged-scores.parquet'), place.at('damaged-rejects.parquet')];
    const counts = await scoreRows({ ...options, outputs: ['pctr', 'pcvr'], scoresPath, rejectsPath });
    scored += counts.scored;
    rejected += counts.rejected;
  }
  return { rows: plan.rows, ended: scored + rejected };
}

let seen = 0;
beforeAll(() => {
  seen = 0;
});

it.each(['uncompressed', 'snappy', 'gzip', 'zstd', 'lz4_raw', 'brotli'])(
  'bytes of pages and footers in %s, at seeded places',
  async (codec) => {
    const whole = place.at(`whole-${codec}.parquet`);
    const options = `FORMAT parquet, COMPRESSION ${codec}, ROW_GROUP_SIZE 2048`;
    await execute(place.database, `COPY (${many(ROWS)}) TO ${writePath(whole)} (${options})`);
    const bytes = await readFile(whole);
    const footer = bytes.readUInt32LE(bytes.length - 8) + 8;
    const below = randomBelow(codec.length * 7 + codec.charCodeAt(0));
    for (let file = 0; file < FILES; file++) {
      const damaged = Buffer.from(bytes);
      // Every other file in its footer, which has all positions and counts.
      const from = file % 2 === 0 ? 4 : bytes.length - footer;
      for (let flips = 1 + below(3); flips > 0; flips--) damaged[from + below(bytes.length - from)] = below(256);
      await writeFile(place.at('damaged.parquet'), damaged);
      const result = await countsOf(place.at('damaged.parquet')).catch((error: unknown) => error);
      if (result instanceof DataError) {
        expect(result.message).toContain(NAME);
        seen += 1;
      } else expect(result).toEqual({ rows: ROWS, ended: ROWS });
    }
  },
);

it('are noticed in most of the files', () => expect(seen).toBeGreaterThan(FILES * 3));
