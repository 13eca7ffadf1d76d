/** The small models of the tests over an emulator, trained once for all of them. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { deserialize, serialize } from 'node:v8';
import { onceARun } from '../../once-a-run.ts';
import { type Trained, trainSmall } from './site.ts';

/** The model of `trainSmall`. Its files are shared: a test that changes them trains a model of its own. */
export async function trainedSmall(epochs: number): Promise<Trained> {
  const folder = await onceARun(`small-${epochs}`, async (folder) => {
    await writeFile(join(folder, 'trained'), serialize(await trainSmall(folder, epochs)));
  });
  return deserialize(await readFile(join(folder, 'trained'))) as Trained;
}
