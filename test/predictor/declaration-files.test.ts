/** What a build makes of a version's declaration: kept beside the text, and used by that build alone. */
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseDeclaration } from '../../lib/config/parse-declaration.ts';
import { readDeclarationFiles, writeDeclaration } from '../../lib/predictor/declaration-files.ts';

const TEXT = `name: shop
stages: { click: { label: clicked }, conversion: { label: bought } }
log: { keys: [row] }
features:
  age: { type: number, entity: user }
`;
/** A build that writes and reads. */
const ONE = { build: 'one' };
const EXAMPLES = ['ali-ccp', 'coat', 'expedia', 'hillstrom', 'housing', 'jd', 'marketplace', 'own-model'];

let scratch: string;
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'declaration-files-'));
});
afterAll(() => rm(scratch, { recursive: true }));

async function written(text: string, options?: { readonly build: string | null }): Promise<string> {
  const folder = await mkdtemp(join(scratch, 'version-'));
  await writeDeclaration(folder, text, options);
  return folder;
}

/** Replaces the name in what a build kept, so that it can be told from what is parsed. */
async function rename(folder: string): Promise<void> {
  const path = join(folder, 'declaration.json');
  await writeFile(path, (await readFile(path, 'utf8')).replace('"name":"shop"', '"name":"kept"'));
}

describe('what a build makes of a declaration', () => {
  it.each(EXAMPLES)('is the same when it is kept as when it is parsed: %s', async (example) => {
    const text = await readFile(join('examples', example, 'entirespace.yaml'), 'utf8');
    const folder = await written(text, ONE);
    expect(await readdir(folder)).toEqual(['declaration.json', 'declaration.yaml']);
    expect(await readFile(join(folder, 'declaration.yaml'), 'utf8')).toBe(text);
    expect(await readDeclarationFiles(folder, ONE)).toStrictEqual(parseDeclaration(text, 'entirespace.yaml'));
  });

  it('is used by that build, and by no other', async () => {
    const folder = await written(TEXT, ONE);
    await rename(folder);
    expect((await readDeclarationFiles(folder, ONE)).name).toBe('kept');
    expect((await readDeclarationFiles(folder, { build: 'two' })).name).toBe('shop');
    expect((await readDeclarationFiles(folder, { build: null })).name).toBe('shop');
  });

  it('is not used for another text', async () => {
    const folder = await written(TEXT, ONE);
    await rename(folder);
    await writeFile(join(folder, 'declaration.yaml'), TEXT.replace('age:', 'income:'));
    expect((await readDeclarationFiles(folder, ONE)).features.map(({ name }) => name)).toEqual(['income']);
  });

  it('is not kept by a program that runs from its sources', async () => {
    const folder = await written(TEXT);
    expect(await readdir(folder)).toEqual(['declaration.yaml']);
    expect((await readDeclarationFiles(folder, ONE)).name).toBe('shop');
  });
});

describe('a declaration that is not read', () => {
  it('is refused where a build writes it', async () => {
    await expect(written(TEXT.replace('shop', '1'), ONE)).rejects.toThrow(/^declaration\.yaml:1:7 name: got 1, /);
  });

  it('is refused where no build has kept it', async () => {
    const folder = await written(TEXT.replace('shop', '1'));
    await expect(readDeclarationFiles(folder, ONE)).rejects.toThrow(
      `${join(folder, 'declaration.yaml')}:1:7 name: got 1, `,
    );
  });

  it('is absent where its text is, whatever was kept', async () => {
    const folder = await written(TEXT, ONE);
    await rm(join(folder, 'declaration.yaml'));
    await expect(readDeclarationFiles(folder, ONE)).rejects.toThrow(
      `${join(folder, 'declaration.yaml')}:1:1 no such file`,
    );
  });
});
