/** The table's encoded rows as training and scoring read them from a file. */
import { copyFile } from 'node:fs/promises';
import { beforeAll, expect } from 'vitest';
import { planCandidates } from '../../../../lib/table/candidates/plan-file.ts';
import { scoreRows } from '../../../../lib/table/candidates/score-shard.ts';
import type { EncodedChunk } from '../../../../lib/table/encoded.ts';
import type { Encoder } from '../../../../lib/table/encoder.ts';
import { fitEncoder } from '../../../../lib/table/fit/fit-encoder.ts';
import { localCandidate } from '../../../../lib/table/formats/candidate-file.ts';
import { encodeAll, openLog, workplace } from '../../../table/fixture.ts';
import { DECLARATION, FIXTURES, ROWS, rowsOf } from './logical-table.ts';

/** Opens a database, and fits the encoder of the candidates to the plain file, before the tests of a file. */
export function readings() {
  const place = workplace({ threads: 2 });
  let encoder: Encoder;
  beforeAll(async () => {
    const log = await openLog(place, `${FIXTURES}pyarrow-none.parquet`, DECLARATION);
    ({ encoder } = await fitEncoder(place.database, log));
  });
  return {
    place,
    /** Reads a log, and encodes it by its own encoder. */
    logRows: async (path: string) => rowsOf(await encodeAll(place, path, DECLARATION)),
    /** Reads candidates, and encodes them by the encoder of the plain file. */
    async candidateRows(path: string) {
      const { database } = place;
      const file = await localCandidate(path, path);
      const plan = await planCandidates(database, file, {
        declaration: DECLARATION,
        encoder,
        shardRows: 100,
        // Gzip is cut into pieces.
        savePiece: async (_, piece) => {
          await copyFile(piece, place.at('piece.csv'));
          return place.at('piece.csv');
        },
      });
      const chunks: EncodedChunk[] = [];
      for (const shard of plan.shards) {
        const counts = await scoreRows({
          ...{ database, plan, shard, declaration: DECLARATION, encoder, outputs: ['pctr'] },
          file: shard.piece === undefined ? file : await localCandidate(shard.piece, path),
          predict: async (chunk) => {
            chunks.push(chunk);
            return { pctr: new Float32Array(chunk.rows) };
          },
          scoresPath: place.at('scores.parquet'),
          rejectsPath: place.at('rejects.parquet'),
        });
        expect(counts).toMatchObject({ rowsIn: ROWS, scored: ROWS, rejected: 0 });
      }
      const [chunk] = chunks;
      if (chunk === undefined || chunks.length > 1) throw new Error(`${chunks.length} chunks, expected 1`);
      return rowsOf(chunk);
    },
  };
}
