/** What goes into the functions' bundles, and what must not. */
import { mkdtempSync, rmSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { bundleFunctions, LAMBDA_ENTRIES, LAMBDA_PACKAGES } from '../../scripts/bundle-functions.ts';

const folder = mkdtempSync(join(tmpdir(), 'bundle-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const { metafile } = await bundleFunctions(folder, 'digest');
/** Sources of all bundles but that of the process that encodes rows, as training does. */
const inputs = inputsOf((name) => name !== 'encode-worker.js');

function inputsOf(isWanted: (name: string) => boolean): string[] {
  const wanted = Object.entries(metafile.outputs).filter(([path]) => isWanted(path.split('/').at(-1) ?? ''));
  return [...new Set(wanted.flatMap(([, output]) => Object.keys(output.inputs)))];
}

describe('the bundles', () => {
  it('are one CommonJS file for each entry', () => {
    const made = Object.entries(metafile.outputs).map(([path, { entryPoint }]) => [path.split('/').at(-1), entryPoint]);
    expect(Object.fromEntries(made)).toEqual(
      Object.fromEntries(Object.entries(LAMBDA_ENTRIES).map(([name, entry]) => [`${name}.js`, entry])),
    );
  });

  it.each([
    'node_modules/aws-cdk-lib/',
    'node_modules/constructs/',
    'node_modules/cdk-nag/',
    'node_modules/@tensorflow/',
    'node_modules/onnx-buf/',
    'training/',
    'lib/training/',
    'lib/gate/',
    'lib/report/',
    'bin/',
    'lib/stack/',
    'lib/model/',
    'lib/graph/',
  ])('have nothing of %s', (path) => {
    expect(inputs.filter((input) => input.startsWith(path))).toEqual([]);
  });

  it('have models and training in that of the process that encodes rows alone, and there nothing that trains', () => {
    const encoding = inputsOf((name) => name === 'encode-worker.js');
    expect(encoding).toContain('lib/training/rows/row-cache.ts');
    for (const path of ['training/', 'lib/graph/', 'lib/gate/', 'lib/report/', 'bin/', 'lib/stack/', 'lib/scoring/'])
      expect(
        encoding.filter((input) => input.startsWith(path)),
        path,
      ).toEqual([]);
  });

  it('hold what they should: the handlers, the AWS SDK and powertools', () => {
    for (const input of [
      'lib/scoring/handlers/score-shard.ts',
      'lib/scoring/protocol/finish.ts',
      'lib/table/candidates/score-shard.ts',
    ])
      expect(inputs).toContain(input);
    for (const path of ['node_modules/@aws-sdk/client-s3/', 'node_modules/@aws-lambda-powertools/logger/'])
      expect(
        inputs.some((input) => input.startsWith(path)),
        path,
      ).toBe(true);
  });

  it('leave out exactly the packages of the asset', () => {
    const externals = Object.values(metafile.outputs)
      .flatMap(({ imports }) => imports)
      .filter(({ external, path }) => external && !builtinModules.includes(path.replace(/^node:/, '')))
      .map(({ path }) => path)
      // What fetches in TF.js, for Node.js 16 and older, does without it.
      .filter((path) => path !== 'encoding');
    expect([...new Set(externals)].sort()).toEqual([...LAMBDA_PACKAGES]);
  });
});
