/** Model files in a folder of their own, each beside a declaration that names it. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import { parseDeclaration } from '../../lib/config/parse-declaration.ts';
import { loadModelFile, type ModelFile } from '../../lib/own-model/model-file.ts';
import { DECLARATION } from '../bin/small-log.ts';

/** The declaration of the small log, with a model file. */
export const OWN_DECLARATION = DECLARATION.replace('model: { ', 'model: { file: ./my-model.ts, ');

/** ESMM with the declared towers, as a user would write it. */
export const OWN_ESMM = `import { defineModel } from 'entirespace/model';

export default defineModel(({ inputs, layers }) => ({
  click: layers.tower('click', inputs.click),
  conversion: layers.tower('conversion', inputs.conversion),
}));
`;

export interface ModelFiles {
  readonly folder: () => string;
  /** Writes files into the folder, and loads the model that the declaration in it names. */
  load(files: Readonly<Record<string, string | Uint8Array>>, declaration?: string): Promise<ModelFile>;
}

/** A folder for the model files of a test. */
export function modelFiles(): ModelFiles {
  let folder = '';
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'entirespace-own-model-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));
  return {
    folder: () => folder,
    async load(files, text = OWN_DECLARATION) {
      const own = await mkdtemp(join(folder, 'case-'));
      for (const [name, content] of Object.entries(files)) {
        await mkdir(dirname(join(own, name)), { recursive: true });
        await writeFile(join(own, name), content);
      }
      const declaration = parseDeclaration(text, 'shop.yaml');
      return (await loadModelFile({ declaration, text, fileName: 'shop.yaml', folder: own })) as ModelFile;
    },
  };
}

/** Returns a model file of this body, whose function begins in line 3. */
export function modelOf(body: string, options = ''): string {
  return `import { defineModel } from 'entirespace/model';

export default defineModel(({ tf, inputs, layers, graph }) => {
${body}
}${options === '' ? '' : `, ${options}`});
`;
}
