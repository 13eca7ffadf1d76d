/** A declaration in the bucket that names a model file: the file is the image's, and the digest says which it must be. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { memoryStore } from '../../lib/store/memory-store.ts';
import { failureCode } from '../../training/failure-code.ts';
import { runSettings } from '../../training/run/environment.ts';
import { readRemoteDeclaration } from '../../training/run/remote-declaration.ts';
import { OWN_DECLARATION, OWN_ESMM } from '../own-model/model-files.ts';

const KEY = 'training/shop/entirespace.yaml';
const PLACE = `memory:/${KEY}`;

let image: string;

beforeAll(async () => {
  image = await mkdtemp(join(tmpdir(), 'entirespace-image-'));
  await mkdir(join(image, 'models'));
  await writeFile(join(image, 'models', 'my-model.ts'), OWN_ESMM);
  await writeFile(join(image, 'outside.ts'), OWN_ESMM);
});
afterAll(() => rm(image, { recursive: true }));

async function read(text: string, variables: Readonly<Record<string, string>> = { MODELS: join(image, 'models') }) {
  const store = memoryStore();
  await store.put(KEY, text);
  // What is in the bucket beside the declaration must not be run.
  await store.put('training/shop/my-model.ts', 'throw new Error("run from the bucket");');
  const given = { BUCKET: 'memory', MODEL_NAME: 'shop', RUN_ID: 'night', ...variables };
  const url = store.url;
  return readRemoteDeclaration(store, runSettings(given)).then(
    ({ modelFile }) => ({ sha256: modelFile?.bundle.sha256 ?? null, code: 0, message: '' }),
    (error: Error) => ({
      sha256: null,
      code: failureCode(error),
      message: error.message.replaceAll(url, 'memory:').replaceAll(image, '<image>'),
    }),
  );
}

const declared = (file: string, sha256?: string) =>
  OWN_DECLARATION.replace('./my-model.ts', `${file}${sha256 === undefined ? '' : `, sha256: "${sha256}"`}`);

it('is read with the file of the image, if its digest is the declared one', async () => {
  const { message } = await read(declared('./my-model.ts'));
  const digest = /[0-9a-f]{64}/.exec(message)?.[0] as string;
  expect(message).toBe(`${PLACE}:11:1 model.sha256: missing, expected that of <image>/models/my-model.ts, ${digest}`);
  expect(await read(declared('./my-model.ts', digest))).toEqual({ sha256: digest, code: 0, message: '' });
});

it.each([
  {
    what: 'if the digest is another',
    text: declared('./my-model.ts', 'f'.repeat(64)),
    message:
      /^memory:\/training\/shop\/entirespace\.yaml:11:39 model\.sha256: got f{64}, expected that of <image>\/models\/my-model\.ts, [0-9a-f]{64}$/,
  },
  {
    what: 'if the image has no such file',
    text: declared('./other.ts', 'f'.repeat(64)),
    message: `${PLACE}:11:16 model.file: got ./other.ts, no file <image>/models/other.ts`,
  },
  {
    what: 'if the file is outside the folder of model files',
    text: declared('../outside.ts', 'f'.repeat(64)),
    message: `${PLACE}:11:16 model.file: got ../outside.ts, expected a file below <image>/models (MODELS)`,
  },
  {
    what: 'if the path leaves the folder on its way',
    text: declared('./a/../../outside.ts', 'f'.repeat(64)),
    message: `${PLACE}:11:16 model.file: got ./a/../../outside.ts, expected a file below <image>/models (MODELS)`,
  },
])('is refused $what, with the exit code of a bad declaration', async ({ text, message }) => {
  const refused = await read(text);
  expect(refused.code).toBe(3);
  if (typeof message === 'string') expect(refused.message).toBe(message);
  else expect(refused.message).toMatch(message);
});

it('is refused by a run without a folder of model files', async () => {
  expect((await read(declared('./my-model.ts', 'f'.repeat(64)), {})).message).toBe(
    `${PLACE}:11:16 model.file: got ./my-model.ts, expected none, because this run has no folder of model files (MODELS)`,
  );
});

it('needs no folder if it names no file', async () => {
  const text = OWN_DECLARATION.replace('file: ./my-model.ts, ', '');
  expect(await read(text, {})).toEqual({ sha256: null, code: 0, message: '' });
});
