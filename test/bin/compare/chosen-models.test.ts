import { describe, expect, it } from 'vitest';
import { chosenModels, type ModelNames } from '../../../bin/compare/chosen-models.ts';
import { parseDeclaration } from '../../../lib/config/parse-declaration.ts';
import { DECLARATION } from '../small-log.ts';

const FILE = {
  text: DECLARATION,
  declaration: parseDeclaration(DECLARATION, 'shop.yaml'),
  fileName: 'shop.yaml',
  folder: '.',
  modelSha256: null,
};
/** No Python is found where no program is. */
const chosen = (names: Partial<ModelNames>) =>
  chosenModels(FILE, { models: ['all'], against: 'esmm', ...names }, { cwd: '.', env: { PATH: '/nowhere' } });
const WHY =
  'LightGBM is needed, but python3 is not found (python3 -m pip install lightgbm, or another Python with --python)';

describe('the models of a comparison', () => {
  it('have the reference among them once', async () => {
    const names = async (models: string[]) => (await chosen({ models })).competitors.map(({ name }) => name);
    expect(await names(['base'])).toEqual(['esmm', 'base']);
    expect(await names(['base', 'esmm'])).toEqual(['base', 'esmm']);
  });

  it('are those of all without the trees where there is no LightGBM, and that is told', async () => {
    const { competitors, leftOut } = await chosen({});
    expect(competitors.map(({ name }) => name)).not.toContain('gbdt');
    expect(leftOut).toContainEqual({ name: 'gbdt', why: WHY });
  });

  it.each([{ models: ['gbdt'] }, { models: ['esmm'], against: 'gbdt' }])(
    'cannot be %j without LightGBM',
    async (names) => {
      await expect(chosen(names)).rejects.toThrow(`gbdt: ${WHY}`);
    },
  );

  it('need a Python that is named', async () => {
    await expect(chosen({ python: './none' })).rejects.toThrow('gbdt: LightGBM is needed, but ./none is not found (');
  });

  it('do not need Python where no trees are asked for', async () => {
    expect((await chosen({ models: ['base'] })).leftOut).toEqual([]);
  });
});
