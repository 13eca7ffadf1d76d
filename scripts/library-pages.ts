/**
 * Writes the programs of docs/library.md and docs/networks.md to a folder, as `library.ts` and `networks.ts`: each is made
 * of the page's TypeScript blocks, in order.
 *
 *     tsx scripts/library-pages.ts <folder>
 */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

const [folder = '.'] = process.argv.slice(2);
for (const name of ['library', 'networks']) {
  const page = await readFile(new URL(`../docs/${name}.md`, import.meta.url), 'utf8');
  const blocks = [...page.matchAll(/^```ts\n(.*?)^```$/gms)].map(([, block = '']) => block);
  await writeFile(join(folder, `${name}.ts`), blocks.join('\n'));
}
