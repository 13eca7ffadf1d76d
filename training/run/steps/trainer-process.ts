/** The PyTorch program as a process of its own. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { NotEnoughMemoryError } from '../../../lib/config/machine.ts';
import { EXIT_CODES } from '../../../lib/contract/exit-codes.ts';
import type { Logger } from '../../../lib/scoring/protocol/ports.ts';
import { DataError } from '../../../lib/table/errors.ts';
import type { RunSettings, TrainerSettings } from '../environment.ts';

export interface TrainerOptions {
  readonly settings: Pick<RunSettings, 'trainer' | 'checkpointMinutes'>;
  /** The bundle: `s3://bucket/folder`, or a folder. */
  readonly bundle: string;
  /** The place of the checkpoint and the weights, as `bundle`. */
  readonly out: string;
  /** Folder for copies of what is in a bucket. */
  readonly scratch: string;
  readonly log: Logger;
  /** Ends the process by SIGTERM, at which it writes a checkpoint. */
  readonly signal: AbortSignal;
  /** Called with each line of its output. */
  readonly onLine: (line: string) => void;
}

/**
 * Runs the program to its end; its lines are logged.
 * @throws {DataError} where it refuses the bundle.
 * @throws {NotEnoughMemoryError} where the kernel killed it.
 * @throws {Error} where it fails; the signal's reason where it was ended by that.
 */
export async function runTrainer({
  settings,
  bundle,
  out,
  scratch,
  log,
  signal,
  onLine,
}: TrainerOptions): Promise<void> {
  signal.throwIfAborted();
  const { trainer, checkpointMinutes } = settings;
  const args = [...commandOf(trainer), bundle, out];
  const options = ['--precision', trainer.precision, '--checkpoint-minutes', String(checkpointMinutes)];
  const child = spawn(trainer.python, [...args, ...options], {
    env: { ...process.env, TMPDIR: scratch },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  log.info('trainer started', { pid: child.pid });
  const terminate = () => child.kill('SIGTERM');
  signal.addEventListener('abort', terminate);
  const ended = once(child, 'close').catch((cause: unknown) => {
    throw new Error(`trainer ${trainer.python} cannot be started (PYTHON)`, { cause });
  });
  logLines(child.stdout, log, onLine);
  const last = logLines(child.stderr, log);
  try {
    const [code, killedBy] = (await ended) as [number | null, NodeJS.Signals | null];
    signal.throwIfAborted();
    if (code !== 0) throw failure({ code, killedBy, why: last() });
  } finally {
    signal.removeEventListener('abort', terminate);
    child.kill('SIGKILL');
  }
}

/** Several processes are started by PyTorch's own launcher. */
function commandOf({ program, processes }: TrainerSettings): string[] {
  if (processes === 1) return [program];
  return ['-m', 'torch.distributed.run', '--standalone', `--nproc-per-node=${processes}`, program];
}

/** Logs each line; returns what has the last one. */
function logLines(stream: Readable, log: Logger, onLine: (line: string) => void = () => undefined): () => string {
  let last = '';
  createInterface({ input: stream }).on('line', (line) => {
    if (line.trim() !== '') last = line.trim();
    log.info('trainer', { line });
    onLine(line);
  });
  return () => last;
}

interface Ended {
  readonly code: number | null;
  readonly killedBy: NodeJS.Signals | null;
  readonly why: string;
}

function failure({ code, killedBy, why }: Ended): Error {
  if (code === EXIT_CODES['bad data']) return new DataError('bundle_not_valid', why);
  if (killedBy === 'SIGKILL')
    return new NotEnoughMemoryError(
      'the trainer was killed by SIGKILL, as the kernel does where rows and tables need more memory than the machine has',
    );
  return new Error(`the trainer ended with ${killedBy ?? `exit code ${code}`}: ${why}`);
}
