/** Finds the files of the dump in a folder. */
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { DataError } from '../../table/errors.ts';

export type DumpName = 'train' | 'test';

/** The two files of a part of the dump. */
export interface DumpFiles {
  readonly common: string;
  readonly skeleton: string;
}

/**
 * Finds the files in a folder, or in the folders in it, as the archives unpack.
 * @returns for the test part `null` where neither of its files is there.
 * @throws {DataError} if one of the training part is missing, or one of two.
 */
export async function findDump(
  folder: string,
): Promise<{ readonly train: DumpFiles; readonly test: DumpFiles | null }> {
  const folders = await foldersIn(folder);
  const train = await findFiles(folders, 'train');
  if (train === null) throw missing('sample_skeleton_train.csv and common_features_train.csv', folder);
  return { train, test: await findFiles(folders, 'test') };
}

async function findFiles(folders: readonly string[], name: DumpName): Promise<DumpFiles | null> {
  const names = [`common_features_${name}.csv`, `sample_skeleton_${name}.csv`] as const;
  const [common, skeleton] = await Promise.all(names.map((file) => findFile(folders, file)));
  if (common == null && skeleton == null) return null;
  if (common == null) throw missing(names[0], folders[0] as string);
  if (skeleton == null) throw missing(names[1], folders[0] as string);
  return { common, skeleton };
}

async function findFile(folders: readonly string[], file: string): Promise<string | null> {
  const paths = folders.map((folder) => join(folder, file));
  const are = await Promise.all(paths.map((path) => stat(path).catch(() => null)));
  return paths.find((_, at) => are[at]?.isFile()) ?? null;
}

async function foldersIn(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  return [
    folder,
    ...entries
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => join(folder, name))
      .toSorted(),
  ];
}

function missing(files: string, folder: string): DataError {
  const what = `${files} missing: not in ${folder}, nor in a folder in it`;
  return new DataError('no_such_file', `${what} (unpack the archives first: tar -xzf sample_train.tar.gz)`);
}
