/**
 * First benchmarks: a training step and an epoch, and scoring end to end, on synthetic data of the paper's shape.
 *
 *     npm run bench [-- --rows 400000]
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { openDatabase } from '../lib/table/database.ts';
import { benchScoring } from './scoring.ts';
import { paperDeclaration, writeSynthetic } from './synthetic.ts';
import { benchTraining } from './training.ts';

const { values } = parseArgs({ options: { rows: { type: 'string', default: '400000' } } });
const rows = Number(values.rows);
const threads = availableParallelism();
const scratch = await mkdtemp(join(tmpdir(), 'entirespace-bench-'));
const database = await openDatabase({ threads, memoryLimitMiB: 4096, scratch });
try {
  console.log(
    `${cpus()[0]?.model}, ${threads} threads, node ${process.versions.node}, ${new Date().toISOString().slice(0, 10)}`,
  );
  const path = join(scratch, 'bench.parquet');
  await writeSynthetic(database, path, rows);
  const run = { database, declaration: paperDeclaration(), path, rows, threads, scratch };
  const folder = await benchTraining(run);
  await benchScoring({ ...run, folder });
} finally {
  await database.close();
  await rm(scratch, { recursive: true, force: true });
}
