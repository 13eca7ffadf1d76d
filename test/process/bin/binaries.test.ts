import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { DECLARATION } from '../../bin/small-log.ts';
import { workplace } from '../../bin/workplace.ts';
import { COMMAND, processes } from './processes.ts';

const place = workplace();
const { spawn } = processes(place);
const PRELOADED = fileURLToPath(new URL('no-binary.cjs', import.meta.url));

/** The command on a platform that lacks a binary. */
function without(binary: string, ...args: string[]) {
  return spawn('env', `NO_BINARY=${binary}`, process.execPath, '--require', PRELOADED, COMMAND, ...args).done;
}

describe('the command without the package of another training engine', () => {
  it('says so before it reads anything, with the command that installs it', async () => {
    await place.write('eager.yaml', DECLARATION.replace('training: {', 'training: { engine: tfjs-node,'));
    const message =
      'entirespace: training engine tfjs-node: @tensorflow/tfjs-node is not installed ' +
      `(run: bash ${fileURLToPath(new URL('../../../scripts/setup-tfjs-node.sh', import.meta.url))})\n`;
    const refusal = { code: 1, stdout: '', stderr: message };
    const [train, data] = [
      ['train', 'shop.yaml'],
      ['--data', 'absent.csv'],
    ];
    expect(await without('tfjs-node', ...train, '--engine', 'tfjs-node', ...data)).toEqual(refusal);
    expect(await without('tfjs-node', 'train', 'eager.yaml', ...data)).toEqual(refusal);
    expect(await without('tfjs-node', 'demo', '--engine', 'tfjs-node')).toEqual(refusal);
  });

  it('trains with onnxruntime, also where the declaration names the other engine', async () => {
    await place.write('eager.yaml', DECLARATION.replace('training: {', 'training: { engine: tfjs-node,'));
    for (const args of [['shop.yaml'], ['eager.yaml', '--engine', 'onnxruntime']])
      expect(await without('tfjs-node', 'train', ...args, '--data', 'log.csv', '--no-promote')).toMatchObject({
        code: 0,
      });
  });
});

describe('the command without a binary', () => {
  it.each([
    ['DuckDB', 'duckdb.node', ['validate', 'shop.yaml', '--data', 'log.csv']],
    ['DuckDB', 'duckdb.node', ['train', 'shop.yaml', '--data', 'log.csv']],
    ['onnxruntime', 'onnxruntime_binding.node', ['train', 'shop.yaml', '--data', 'absent.csv']],
    ['onnxruntime', 'onnxruntime_binding.node', ['score', 'log.csv']],
  ])('of %s says so before it reads anything', async (library, binary, args) => {
    const { code, stdout, stderr } = await without(binary, ...args);
    expect({ code, stdout, lines: stderr.split('\n').length }).toEqual({ code: 1, stdout: '', lines: 2 });
    expect(stderr).toContain(
      `entirespace: ${library}'s binary for ${process.platform}-${process.arch} cannot be loaded: entirespace runs on ` +
        'Linux with glibc (x64, arm64), macOS (arm64) and Windows (x64, arm64); if',
    );
  });

  it.each([
    ['duckdb.node', ['train', '--help']],
    ['duckdb.node', ['models', 'list', '-b', '.']],
    ['onnxruntime_binding.node', ['validate', 'shop.yaml', '--data', 'log.csv']],
  ])('%s does what needs none: %j', async (binary, args) => {
    expect(await without(binary, ...args)).toMatchObject({ code: 0, stderr: '' });
  });
});
