/**
 * Scores many small candidate files on an emulator while workers are killed, requests fail and every message is
 * delivered twice, and then checks the result of every file (`scripts/python-env.sh aws` installs the emulator).
 *
 *     npm run soak [-- --files 1000 --kills 60 --faults 0.02 --seed 1]
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { count } from '../lib/numbers/text.ts';
import { startEmulator } from '../test/aws/emulator/emulator.ts';
import { chosenSeed } from '../test/aws/emulator/random.ts';
import { trainSmall } from '../test/aws/site/site.ts';
import { soak } from '../test/aws/site/soak.ts';
import { buildWorker } from '../test/aws/site/worker-process.ts';

const VISIBILITY_SECONDS = 20;
const WITHIN_MS = 30 * 60_000;

const { values } = parseArgs({
  options: {
    files: { type: 'string', default: '1000' },
    kills: { type: 'string', default: '60' },
    faults: { type: 'string', default: '0.02' },
    seed: { type: 'string', default: String(chosenSeed()) },
  },
});
const seed = Number(values.seed);
console.log(
  `soak of ${values.files} files, seed ${seed}, ${cpus()[0]?.model}, ${availableParallelism()} cores, node ${process.versions.node}, ${new Date().toISOString().slice(0, 10)}`,
);

const scratch = await mkdtemp(join(tmpdir(), 'entirespace-soak-'));
const below = (name: string) => mkdtemp(join(scratch, name));
const program = await buildWorker();
const emulator = await startEmulator();
Object.assign(process.env, emulator.env);
try {
  const result = await soak({
    endpoint: emulator.endpoint,
    seed,
    files: Number(values.files),
    kills: Number(values.kills),
    faultShare: Number(values.faults),
    visibilitySeconds: VISIBILITY_SECONDS,
    withinMs: WITHIN_MS,
    program,
    trained: { one: await trainSmall(await below('one'), 1), two: await trainSmall(await below('two'), 2) },
    scratch,
    onProgress: (line) => console.log(line),
  });
  const { audit, faults } = result;
  const sum = Object.values(faults).reduce((total, number) => total + number, 0);
  console.log(
    `files: ${count(audit.succeeded)} succeeded, ${count(audit.failed)} failed as they must, in ${count(result.versions)} versions, each announced twice`,
  );
  console.log(
    `rows: ${count(audit.rowsIn)} in = ${count(audit.scored)} scored + ${count(audit.rejected)} rejected, in ${count(audit.parts)} parts`,
  );
  console.log(`kills: ${result.kills}; reads of whole scores meanwhile: ${count(result.reads)}`);
  console.log(
    `faults: ${count(sum)} of ${count(result.requests)} requests (${Object.entries(faults)
      .map(([name, number]) => `${name} ${number}`)
      .join(', ')})`,
  );
  console.log(`nothing lost, nothing twice, no dead letter, in ${(result.seconds / 60).toFixed(1)} minutes`);
} finally {
  await emulator.stop();
  await program.remove();
  await rm(scratch, { recursive: true, force: true });
}
