import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it, onTestFinished } from 'vitest';
import { candidateErrorRecord, type ModelProcess, modelProcess } from '../../../functions/model-process.ts';
import { CandidateFileError } from '../../../lib/scoring/errors.ts';
import { fileVersion } from '../../../lib/scoring/protocol/keys.ts';

const folder = mkdtempSync(join(tmpdir(), 'model-process-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const FILE = fileVersion({
  bucket: 'shop',
  key: 'candidates/today.csv',
  versionId: '1',
  sequencer: '00',
  eventTime: '2026-11-23T00:00:00Z',
  attempt: 1,
});
const VERSION = { name: 'shop', version: '20261123-000000-00000000' };

// Stands in for the worker: its plan holds the process's own id and the number of its requests.
const WORKER = join(folder, 'worker.cjs');
writeFileSync(
  WORKER,
  `let asked = 0;
   process.on('message', ({ kind, file }) => {
     if (file.key.includes('crash')) process.kill(process.pid, 'SIGKILL');
     else if (file.key.includes('bad'))
       process.send({ kind: 'error', error: { name: 'CandidateFileError', message: 'today.csv: no rows', stack: '', candidate: { reason: 'empty_file', details: { rows: 0 } } } });
     else if (file.key.includes('broken'))
       process.send({ kind: 'error', error: { name: 'ModelCorruptedError', message: 'shop does not match its manifest', stack: undefined, candidate: null } });
     else setTimeout(() => process.send({ kind, plan: { rows: ++asked, columns: [String(process.pid)] } }), 10);
   });
   process.on('disconnect', () => process.exit());`,
);

function start(): { readonly files: ModelProcess; readonly started: unknown[] } {
  const started: unknown[] = [];
  const files = modelProcess(WORKER, { info: (_, { model }) => void started.push(model) });
  onTestFinished(() => files.close());
  return { files, started };
}

async function pidOf(files: ModelProcess, version = VERSION, key = FILE.key): Promise<number> {
  const { columns } = await files.plan({ ...FILE, key }, version);
  return Number(columns[0]);
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

describe('modelProcess', () => {
  it('keeps one process for a version, and sends it one request at a time', async () => {
    const { files, started } = start();
    const plans = await Promise.all([1, 2, 3].map(() => files.plan(FILE, VERSION)));
    expect(plans.map(({ rows }) => rows)).toEqual([1, 2, 3]);
    expect(started).toEqual(['shop/20261123-000000-00000000']);
  });

  it('replaces it when another version comes, after what it was asked has ended', async () => {
    const { files } = start();
    const [first, second] = await Promise.all([
      pidOf(files),
      pidOf(files, { name: 'shop', version: '20261124-000000-00000000' }),
    ]);
    expect(second).not.toBe(first);
    expect([first, second].map(isAlive)).toEqual([false, true]);
    await files.close();
    expect(isAlive(second)).toBe(false);
  });

  it('fails what a crash interrupts, and starts a new process for the next', async () => {
    const { files } = start();
    const first = await pidOf(files);
    await expect(pidOf(files, VERSION, 'candidates/crash.csv')).rejects.toThrow(
      'model process ended with SIGKILL before it answered',
    );
    expect(await pidOf(files)).not.toBe(first);
  });

  it('fails as the worker does: a file that can never be scored stays one', async () => {
    const { files } = start();
    const error: unknown = await pidOf(files, VERSION, 'candidates/bad.csv').catch((thrown) => thrown);
    expect(error).toBeInstanceOf(CandidateFileError);
    expect(error).toMatchObject({ reason: 'empty_file', message: 'today.csv: no rows', details: { rows: 0 } });
    const broken: unknown = await pidOf(files, VERSION, 'candidates/broken.csv').catch((thrown) => thrown);
    expect(broken).not.toBeInstanceOf(CandidateFileError);
    expect(broken).toMatchObject({ name: 'ModelCorruptedError', message: 'shop does not match its manifest' });
  });

  it('fails where the worker cannot be started', async () => {
    const worker = join(folder, 'broken.cjs');
    writeFileSync(worker, 'process.exit(3);');
    const files = modelProcess(worker, { info: () => undefined });
    await expect(pidOf(files)).rejects.toThrow('model process ended with exit code 3 before it answered');
  });
});

describe('candidateErrorRecord', () => {
  it('keeps the name and message of an error, and the reason of a CandidateFileError', () => {
    expect(candidateErrorRecord(new CandidateFileError('empty_file', 'no rows', { rows: 0 }))).toMatchObject({
      name: 'CandidateFileError',
      message: 'no rows',
      candidate: { reason: 'empty_file', details: { rows: 0 } },
    });
    expect(candidateErrorRecord('text')).toMatchObject({ name: 'Error', message: 'text', candidate: null });
  });
});
