/** Runs the script of the trees in Python, and finds out whether that Python can. */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** The script; it is beside this file, or beside the bundle. */
export const SCRIPT = fileURLToPath(new URL('./gbdt.py', import.meta.url));

/** Thrown where Python is not there, or cannot import LightGBM. */
export class NoLightGbmError extends Error {
  override readonly name = 'NoLightGbmError';
}

/** Thrown where the trees could not be trained; the comparison goes on without them. */
export class GbdtError extends Error {
  override readonly name = 'GbdtError';
}

/** The interpreter, as a name or a path relative to `cwd`, and the environment that it is found and run in. */
export interface Python {
  readonly python: string;
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
}

/**
 * Returns the version of LightGBM that a Python has.
 * @throws {NoLightGbmError} which says what is absent, and how to install it.
 */
export async function lightGbmVersion(place: Python): Promise<string> {
  const lines: string[] = [];
  try {
    await runScript(place, { args: ['--version'], input: '', onLine: (line) => lines.push(line) });
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new NoLightGbmError(
      `LightGBM is needed, but ${place.python} ${why} (${place.python} -m pip install lightgbm, or another Python with --python)`,
    );
  }
  return lines.join('');
}

/** How the script is run. */
export interface ScriptRun {
  readonly args: readonly string[];
  /** Written to standard input, which stays open until the script has ended. */
  readonly input: string;
  /** Called with each line of standard output. */
  readonly onLine: (line: string) => void;
  readonly signal?: AbortSignal;
}

/**
 * Runs the script until it ends.
 * @throws {GbdtError} which says in Python's words why it failed; the reason of `signal` where that is aborted.
 */
export async function runScript(
  { python, cwd, env }: Python,
  { args, input, onLine, signal }: ScriptRun,
): Promise<void> {
  signal?.throwIfAborted();
  // In a process group of its own: Ctrl-C is for this process, which ends the script.
  const child = spawn(python, [SCRIPT, ...args], { cwd, env, detached: true, stdio: 'pipe' });
  const end = () => child.kill('SIGKILL');
  signal?.addEventListener('abort', end, { once: true });
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors = `${errors}${text}`.slice(-MOST_ERROR_TEXT);
  });
  createInterface({ input: child.stdout }).on('line', onLine);
  // A script that has failed reads no more.
  child.stdin.on('error', () => undefined);
  child.stdin.write(input);
  try {
    await new Promise<void>((done, fail) => {
      child.once('error', (error: NodeJS.ErrnoException) => {
        fail(new GbdtError(error.code === 'ENOENT' ? 'is not found' : `cannot be started: ${error.message}`));
      });
      child.once('close', (code, killedBy) => {
        if (code === 0) done();
        else
          fail(
            new GbdtError(
              killedBy === null ? `failed: ${lastLine(errors)}` : `was ended by ${killedBy}: ${lastLine(errors)}`,
            ),
          );
      });
    });
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  } finally {
    signal?.removeEventListener('abort', end);
    child.stdin.end();
  }
}

/** Characters of standard error that are kept. */
const MOST_ERROR_TEXT = 10_000;

/** Python ends a traceback with the error. */
function lastLine(text: string): string {
  return text.trim().split('\n').at(-1) || 'it told nothing';
}
