import { MOST_TABLE_BYTES } from '../../contract/limits.ts';
import { byteText, count } from '../../numbers/text.ts';
import type { Mistake } from '../declaration-error.ts';
import { resolveEmbeddings } from '../resolve/resolve-features.ts';
import type { Draft } from '../schema/draft.ts';

/** The least that a row of a table takes in training, with an optimizer that keeps no state: its weights and a number. */
const bytesOfRow = (dimension: number) => 4 * (dimension + 1);
/** Finds embedding tables that no training could hold: those whose number of rows is declared. */
export function checkTableSizes({ file, isSound }: Draft): readonly Mistake[] {
  const { embeddings = {}, features = {} } = file;
  if (!isSound('embeddings') || !isSound('features')) return [];
  return resolveEmbeddings(embeddings, features).flatMap(({ name, dimension, ids }) => {
    const [member, rows] =
      ids.kind === 'hash'
        ? ['hash', ids.buckets]
        : ids.kind === 'ids'
          ? ['ids', ids.size]
          : ['vocabulary', ids.kind === 'vocabulary' ? ids.unknown : 0];
    const bytes = rows * bytesOfRow(dimension);
    if (bytes <= MOST_TABLE_BYTES) return [];
    const section = Object.hasOwn(embeddings, name) ? 'embeddings' : 'features';
    const message = `got ${count(rows)} rows of dimension ${dimension}, which need ${byteText(bytes)} of memory or more, expected at most ${byteText(MOST_TABLE_BYTES)}`;
    return [{ path: [section, name, member as string], message }];
  });
}
