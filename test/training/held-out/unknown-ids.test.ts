import { expect, it } from 'vitest';
import { encodeLog } from '../../../lib/table/encode/encode.ts';
import { fitEncoder } from '../../../lib/table/fit/fit-encoder.ts';
import { UnknownIds } from '../../../lib/training/held-out/unknown-ids.ts';
import { bag, category, declare, openLog, rowsSql, table, vocabulary, workplace } from '../../table/fixture.ts';

const place = workplace();

const rows = [
  "0, 1, 1, 'train', 'a', 'x|y', 1",
  "1, 1, 0, 'train', 'a', 'x', 2",
  "2, 0, 0, 'train', 'b', NULL, 3",
  "3, 0, 0, 'test', 'a', 'x|z|w', 1",
  "4, 0, 0, 'test', 'never', NULL, 9",
  "5, 0, 0, 'test', NULL, 'y', 9",
];
const declaration = declare([category('item'), bag('history', { delimiter: '|' }), category('hashed')], {
  embeddings: [table('item', vocabulary({ unknown: 3 })), table('hashed', { kind: 'hash', buckets: 4, seed: 0 })],
});

it('the share of unknown ids is of the present values, for features with a vocabulary', async () => {
  const path = await place.write('unknown.csv', rowsSql('row, click, conversion, part, item, history, hashed', rows));
  const log = await openLog(place, path, declaration);
  const { encoder } = await fitEncoder(place.database, log);
  const unknown = new UnknownIds(encoder);
  expect(unknown.shares()).toEqual({});
  for await (const chunk of encodeLog(place.database, log, encoder, { parts: ['test'], chunkRows: 2 }))
    unknown.add(chunk);
  // item: never, of two; history: z and w, of four.
  expect(unknown.shares()).toEqual({ item: 0.5, history: 0.5 });
});
