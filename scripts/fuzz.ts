/**
 * Gives the command damaged files of every kind, and valid ones whose result is known: `npm run fuzz -- --seed 7
 * --cases 300`. Of no case may the outcome be a stack trace, a hang, a crash, half-written scores, scratch files that
 * stay, or a success with wrong counts. Case 12 of a seed is always the same; `--only 12` runs it alone, and `--kind
 * 'csv candidates'` only cases of that kind. The files of a case that failed are kept.
 */
import { fork } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { KINDS } from './fuzz/cases.ts';
import type { Task, Told } from './fuzz/worker.ts';
import { prepare } from './fuzz/world.ts';

const CASE_LIMIT_MS = 60_000;

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    cases: { type: 'string', default: '300' },
    only: { type: 'string' },
    kind: { type: 'string' },
  },
});
process.exitCode = await main();

async function main(): Promise<number> {
  const began = performance.now();
  const seed = Number(values.seed);
  const kind = values.kind ?? null;
  if (kind !== null && KINDS[kind] === undefined)
    throw new RangeError(`kind is ${kind}, expected one of: ${Object.keys(KINDS).join(', ')}`);
  const folder = await mkdtemp(join(tmpdir(), 'fuzz-'));
  await prepare(folder);
  let left =
    values.only === undefined ? Array.from({ length: Number(values.cases) }, (_, i) => i) : [Number(values.only)];
  const passed: Record<string, number> = {};
  let failed = 0;
  while (left.length > 0) {
    const last = await runSome({ folder, seed, cases: left, kind }, (told) => {
      if (told.problem === null) passed[told.kind] = (passed[told.kind] ?? 0) + 1;
      else {
        failed += 1;
        report(folder, seed, told);
      }
    });
    left = left.slice(left.indexOf(last) + 1);
  }
  for (const [name, count] of Object.entries(passed)) console.log(`${String(count).padStart(6)} ${name}`);
  if (failed === 0) await rm(folder, { recursive: true });
  const total = Object.values(passed).reduce((sum, count) => sum + count, 0);
  console.log(`seed ${seed}, ${((performance.now() - began) / 1000).toFixed(1)} s`);
  console.log(`${total} passed, ${failed} failed`);
  return failed === 0 ? 0 : 1;
}

/** Runs cases in one worker until all are done, or one of them ends it; returns the last case that was begun. */
function runSome(task: Task, onEnd: (told: Told) => void): Promise<number> {
  return new Promise((resolve, reject) => {
    const worker = fork(fileURLToPath(new URL('fuzz/worker.ts', import.meta.url)), { stdio: 'inherit' });
    let running: Told | null = null;
    let last = -1;
    let timer: NodeJS.Timeout | undefined;
    worker.on('message', (told: Told) => {
      clearTimeout(timer);
      last = told.index;
      if (told.problem === undefined) {
        running = told;
        timer = setTimeout(() => worker.kill('SIGKILL'), CASE_LIMIT_MS);
      } else {
        running = null;
        onEnd(told);
      }
    });
    worker.on('exit', (code, signal) => {
      clearTimeout(timer);
      if (last < 0) return reject(new Error(`the worker ended with ${signal ?? code} before a case`));
      if (running)
        onEnd({ ...running, problem: `the process ended with ${signal ?? code}, or took ${CASE_LIMIT_MS} ms` });
      resolve(last);
    });
    worker.send(task);
  });
}

function report(folder: string, seed: number, { index, kind, notes, problem }: Told): void {
  console.log(`FAILED ${kind}, case ${index}: ${problem}`);
  for (const note of notes) console.log(`    ${note}`);
  const only = values.kind === undefined ? '' : ` --kind '${values.kind}'`;
  console.log(`    npm run fuzz -- --seed ${seed} --only ${index}${only}   files: ${join(folder, `case-${index}`)}`);
}
