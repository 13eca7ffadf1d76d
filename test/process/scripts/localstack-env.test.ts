import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'localstack-env-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** A machine that has what the script itself needs, and no Python. */
function runWithoutPython(variables: Readonly<Record<string, string>>) {
  const found = spawnSync('sh', ['-c', 'command -v bash; command -v dirname'], { encoding: 'utf8' })
    .stdout.trim()
    .split('\n');
  const [bash = '', dirname = ''] = found;
  symlinkSync(dirname, join(folder, 'dirname'));
  const env = { PATH: folder, HOME: folder, ...variables };
  const { status, stdout } = spawnSync(bash, ['scripts/localstack-env.sh'], { env, encoding: 'utf8' });
  return { status, stdout };
}

it.each([[{}], [{ PYTHON312: '/absent/python' }]])(
  'LocalStack is not run without Python 3.12, with %j',
  (variables) => {
    expect(runWithoutPython(variables)).toEqual({
      status: 77,
      stdout: 'LocalStack: NOT RUN (no Python 3.12 or newer)\n',
    });
  },
);
