/** The command with the package, and with what is left of it. */
import { cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { workplace } from '../../bin/workplace.ts';
import { COMMAND, processes } from '../../process/bin/processes.ts';

const REPOSITORY = fileURLToPath(new URL('../../../', import.meta.url));
const INSTALLED = `${REPOSITORY}node_modules/@tensorflow/tfjs-node`;
const PRELOADED = fileURLToPath(new URL('other-package.cjs', import.meta.url));
const TRAIN = ['train', 'shop.yaml', '--data', 'log.csv', '--engine', 'tfjs-node'];

const place = workplace();
const { spawn, start } = processes(place);

/** A copy of the package without its libraries, with its binding where that is asked for. */
async function copyOfPackage({ hasBinding }: { readonly hasBinding: boolean }): Promise<string> {
  const folder = place.at('package');
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder);
  for (const name of ['package.json', 'dist', ...(hasBinding ? ['lib'] : [])])
    await cp(`${INSTALLED}/${name}`, `${folder}/${name}`, { recursive: true });
  return folder;
}

function trainWith(folder: string) {
  const paths = [`PACKAGE=${folder}`, `NODE_PATH=${REPOSITORY}node_modules`];
  return spawn('env', ...paths, process.execPath, '--require', PRELOADED, COMMAND, ...TRAIN).done;
}

describe('train --engine tfjs-node', () => {
  it('publishes a version that says what trained it, which is scored without it', async () => {
    const { code, stderr } = await start(...TRAIN).done;
    expect({ code, stderr }).toEqual({ code: 0, stderr: expect.not.stringContaining('TensorFlow') });
    const { stdout } = await place.run('models', 'show');
    expect(stdout).toMatch(/^training {3}epoch \d of 2, seed 1, tfjs-node, /m);
    expect(stdout).toMatch(/^libraries .*@tensorflow\/tfjs-node 4\.22\.0, libtensorflow 2\.15\.1$/m);
    expect(await place.run('score', 'log.csv')).toMatchObject({ code: 0 });
  });

  it.each([
    ['libtensorflow', true, /\(libtensorflow_cc\.so\.2: cannot open shared object file: No such file or directory\)/],
    ['its binding', false, /\(The Node\.js native addon module \(tfjs_binding\.node\) can not be found at path: \S+\)/],
  ])(
    'says in one line that the package lacks %s, with the command that installs it',
    async (_what, hasBinding, reason) => {
      const { code, stdout, stderr } = await trainWith(await copyOfPackage({ hasBinding }));
      expect({ code, stdout, lines: stderr.split('\n').length }).toEqual({ code: 1, stdout: '', lines: 2 });
      expect(stderr).toMatch(
        /^entirespace: training engine tfjs-node: @tensorflow\/tfjs-node 4\.22\.0 has no library that works here /,
      );
      expect(stderr).toMatch(reason);
      expect(stderr).toContain(` (run: bash ${REPOSITORY}scripts/setup-tfjs-node.sh)\n`);
    },
  );

  it('says in one line that the package has another version', async () => {
    const folder = await copyOfPackage({ hasBinding: true });
    const text = await readFile(`${folder}/package.json`, 'utf8');
    await writeFile(`${folder}/package.json`, text.replace('"version": "4.22.0"', '"version": "4.21.0"'));
    expect(await trainWith(folder)).toEqual({
      code: 1,
      stdout: '',
      stderr:
        'entirespace: training engine tfjs-node: @tensorflow/tfjs-node has version 4.21.0, expected 4.22.0 ' +
        `(run: bash ${REPOSITORY}scripts/setup-tfjs-node.sh)\n`,
    });
  });
});
