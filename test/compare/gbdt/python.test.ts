import { chmod, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { lightGbmVersion, type Python, runScript } from '../../../lib/compare/gbdt/python.ts';

const place = { cwd: tmpdir(), env: process.env };

/** A program of the shell that stands for Python. */
async function pythonThat(name: string, work: string): Promise<Python> {
  const python = join(tmpdir(), name);
  await writeFile(python, `#!/bin/sh\n${work}\n`);
  await chmod(python, 0o755);
  return { ...place, python };
}

describe('a Python without LightGBM', () => {
  it('is told in its own words, with the command that installs it', async () => {
    const python = await pythonThat(
      'bare-python',
      `echo 'Traceback' >&2; echo "ModuleNotFoundError: No module named 'lightgbm'" >&2; exit 1`,
    );
    await expect(lightGbmVersion(python)).rejects.toThrow(
      `LightGBM is needed, but ${python.python} failed: ModuleNotFoundError: No module named 'lightgbm' (${python.python} -m pip install lightgbm, or another Python with --python)`,
    );
  });

  it.each([
    ['is not there', './no-python', 'LightGBM is needed, but ./no-python is not found ('],
    ['is a folder', tmpdir(), `LightGBM is needed, but ${tmpdir()} cannot be started: spawn `],
  ])('is told where it %s', async (_, python, message) => {
    await expect(lightGbmVersion({ ...place, python })).rejects.toThrow(message);
  });
});

describe('the script', () => {
  it('gets its input, and gives its lines', async () => {
    const python = await pythonThat('echoing-python', 'read line; echo "$line"; echo end');
    const lines: string[] = [];
    await runScript(python, { args: [], input: '{"a":1}\n', onLine: (line) => lines.push(line) });
    expect(lines).toEqual(['{"a":1}', 'end']);
  });

  it('is told where the system ends it, as without memory', async () => {
    const python = await pythonThat('killed-python', 'kill -9 $$');
    await expect(runScript(python, { args: [], input: '', onLine: () => undefined })).rejects.toThrow(
      'was ended by SIGKILL: it told nothing',
    );
  });

  it('is ended where the work is given up', async () => {
    const python = await pythonThat('slow-python', 'echo begun; exec sleep 600');
    const stopping = new AbortController();
    const running = runScript(python, {
      args: [],
      input: '',
      onLine: () => stopping.abort(new Error('given up')),
      signal: stopping.signal,
    });
    await expect(running).rejects.toThrow('given up');
  });
});
