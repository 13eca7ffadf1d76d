import { spawnSync } from 'node:child_process';
import { expect, it } from 'vitest';
import { v8Flags } from '../../../bin/scoring/v8-flags.ts';

it.each(v8Flags(process.versions.node))('%s is known to the V8 of this Node.js', (flag) => {
  // V8 complains on standard error, and goes on.
  const script = `require('node:v8').setFlagsFromString('${flag}')`;
  const { status, stdout, stderr } = spawnSync(process.execPath, ['-e', script], { encoding: 'utf8' });
  expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: '', stderr: '' });
});

it('are those that a version of Node.js was tried with', () => {
  expect(v8Flags('20.20.2')).toEqual([
    '--no-memory-reducer',
    '--heap-growing-percent=800',
    '--interrupt-budget=600000',
  ]);
  expect(v8Flags('22.23.3')).toEqual(['--no-memory-reducer', '--heap-growing-percent=800']);
  expect(v8Flags('26.0.0')).toEqual([]);
});
