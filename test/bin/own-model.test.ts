/** A model of one's own goes the whole way, by the command alone. */
import { mkdir, readFile, rm } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { OWN_DECLARATION, OWN_ESMM } from '../own-model/model-files.ts';
import { logText } from './small-log.ts';
import { failure, workplace } from './workplace.ts';

const place = workplace();
const DECLARATION = OWN_DECLARATION.replace('./my-model.ts', './models/my-model.ts').replace(
  /training: .*/,
  'training: { calibration: platt, batch_size: 512, epochs: 6, learning_rate: 0.003, dropout: 0.1 }',
);
const MODEL = OWN_ESMM.replace('({ inputs, layers }) => ({', '({ tf, inputs, layers }) => ({').replace(
  "layers.tower('click', inputs.click)",
  "layers.tower('click', layers.normalize('norm', tf.tanh(layers.dense('first', inputs.click, { units: 6 }))))",
);

async function writeProject(model = MODEL): Promise<void> {
  await place.write('own.yaml', DECLARATION);
  await mkdir(place.at('models'), { recursive: true });
  await place.write('longer.csv', logText(10_000));
  await place.write('models/my-model.ts', model);
}

async function versionFolder(bucket: string): Promise<string> {
  const [line = ''] = (await place.listing(bucket)).filter((path) => path.includes('manifest.json'));
  return place.at(bucket, line.split('/manifest.json')[0] as string);
}

describe('a model of one’s own', () => {
  it('is shown by validate with its digest and parameters', async () => {
    await writeProject();
    const { code, stdout } = await place.run('validate', 'own.yaml');
    expect({ code, lines: stdout.split('\n').slice(0, 5) }).toEqual({
      code: 0,
      lines: [
        'own.yaml is valid: 2 stages, 3 features, 2 embedding tables',
        expect.stringMatching(/^model \.\/models\/my-model\.ts: sha256 [0-9a-f]{64}$/),
        '12 parameters of 240 weights besides the embeddings:',
        '  first.weight [10, 6]',
        '  first.bias [6]',
      ],
    });
  });

  it('is trained, calibrated, judged and reported, and kept for the record', async () => {
    await writeProject();
    const { code, stdout } = await place.run('train', 'own.yaml', '--data', 'longer.csv', '-b', 'own', '--json');
    expect({ code, ...JSON.parse(stdout) }).toMatchObject({ code: 0, isCurrent: true, decision: { verdict: 'first' } });
    const folder = await versionFolder('own');
    const file = (name: string) => readFile(`${folder}/${name}`, 'utf8');
    const { stdout: shown } = await place.run('validate', 'own.yaml', '--json');
    const { files } = JSON.parse(await file('manifest.json'));
    expect(files['own-model.js'].sha256).toBe(JSON.parse(shown).model.sha256);
    expect(JSON.parse(await file('own-model.js.map')).sourcesContent).toEqual([MODEL]);
    expect(await file('report.html')).toContain('<svg');
  });

  it('is scored, evaluated and compared without its file', async () => {
    await rm(place.at('models'), { recursive: true });
    expect(await place.run('score', 'log.parquet', '-b', 'own')).toMatchObject({ code: 0 });
    expect(await place.run('evaluate', '--data', 'longer.csv', '-b', 'own')).toMatchObject({ code: 0 });
    const shop = await place.run('train', 'shop.yaml', '--data', 'longer.csv', '-b', 'own', '--json');
    expect(JSON.parse(shop.stdout).decision.champion).toBe('<version>');
  });

  it('stops validate and train before the log is read, with exit code 3', async () => {
    await writeProject(MODEL.replace('inputs.conversion', 'inputs.convesion'));
    const message = 'models/my-model.ts:5:49 inputs.convesion: expected one of click, conversion';
    for (const command of ['validate', 'train'])
      expect(await place.run(command, 'own.yaml', '--data', 'no-such-log.csv')).toEqual(failure(3, message));
    const { stdout } = await place.run('train', 'own.yaml', '--data', 'no-such-log.csv', '--json');
    expect(JSON.parse(stdout)).toEqual({ error: { name: 'ModelFileError', message } });
  });

  it('cannot be beside a type or its settings', async () => {
    await place.write('own.yaml', DECLARATION.replace('model: { ', 'model: { type: esmm, tower: mmoe, '));
    expect(await place.run('validate', 'own.yaml')).toEqual(
      failure(
        3,
        [
          'own.yaml:11:16 model.type: got "esmm", expected it without model.file, which has the network',
          'own.yaml:11:29 model.tower: got "mmoe", expected it without model.file, which has the network',
        ].join('\n'),
      ),
    );
  });

  it.each(['/etc/my-model.ts', 'my-model.py', 'C:\\my-model.ts', '.ts', 'models'])('cannot be %s', async (path) => {
    await place.write('own.yaml', DECLARATION.replace('./models/my-model.ts', `'${path}'`));
    const { code, stderr } = await place.run('validate', 'own.yaml');
    expect({ code, stderr }).toEqual({
      code: 3,
      stderr: expect.stringMatching(
        /^entirespace: own\.yaml:11:16 model\.file: got ".*", expected the path of a \.ts or \.js file, relative to the declaration, such as \.\/my-model\.ts\n$/,
      ),
    });
  });
});
