/** The programs of this folder, and the Python that runs them. */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { type ProgramRun, runProgram } from './processes.ts';

const ENVIRONMENT = '.venv-bench';

/** Runs a program of this folder in another folder. */
export type Python = (program: 'score.py' | 'train.py', args: readonly string[], folder: string) => Promise<ProgramRun>;

/** The interpreter that is named, that of `.venv-bench`, which `install` makes, or `null` where there is neither. */
export function findPython(named: string | undefined, install: boolean): Python | null {
  if (install) execFileSync('bash', ['scripts/bench-env.sh'], { stdio: 'inherit' });
  const own = existsSync(`${ENVIRONMENT}/installed`) ? resolve(`${ENVIRONMENT}/bin/python`) : null;
  const interpreter = named ?? own;
  if (interpreter === null) return null;
  return (program, args, folder) => runProgram(interpreter, [resolve('bench/yardstick', program), ...args], folder);
}
