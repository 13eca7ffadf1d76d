/** Ids of any type are read as what they are: neighbours, however large, are never one value. */
import { describe, expect, it } from 'vitest';
import type { IdSource } from '../../../lib/config/declaration.ts';
import {
  bag,
  category,
  cross,
  declare,
  encodeAll,
  rowsSql,
  sequence,
  table,
  vocabulary,
  workplace,
} from '../fixture.ts';

const place = workplace();
const HASH: IdSource = { kind: 'hash', buckets: 2_000_000_000, seed: 0 };
const FEATURES = [
  category('known', { column: 'id' }),
  category('hashed', { column: 'id' }),
  cross('crossed', ['id', 'part']),
  bag('bagged', { column: 'ids' }),
  sequence('seen', { column: 'ids' }),
];
const DECLARATION = declare(FEATURES, {
  embeddings: [table('known', vocabulary()), table('hashed', HASH), table('crossed', HASH), table('bagged', HASH)],
});

/** Returns the ids that each feature gives the values, which are SQL. */
async function idsOf(name: string, values: readonly string[]) {
  const rows = values.map((value, i) => `${i}, ${i === 0 ? '1, 1' : '0, 0'}, 'train', ${value}, [${value}]`);
  const path = await place.write(name, rowsSql('row, click, conversion, part, id, ids', rows));
  const { ids } = await encodeAll(place, path, DECLARATION);
  return Object.fromEntries(
    FEATURES.map(({ name: feature }) => {
      const all = [...(ids[feature] ?? [])];
      const width = all.length / values.length;
      return [feature, values.map((_, row) => all[row * width])];
    }),
  );
}

const DISTINCT: Readonly<Record<string, readonly string[]>> = {
  'integers beyond 2^53': [
    '9007199254740992::BIGINT',
    '9007199254740993',
    '-9223372036854775808',
    '9223372036854775807',
  ],
  'unsigned 64-bit integers': [
    '18446744073709551615::UBIGINT',
    '18446744073709551614::UBIGINT',
    '9223372036854775808::UBIGINT',
    '0::UBIGINT',
  ],
  'decimals of 38 digits': [
    "'99999999999999999999999999999999999999'::DECIMAL(38,0)",
    "'99999999999999999999999999999999999998'::DECIMAL(38,0)",
    "'100000000000000000000000000000000000'::DECIMAL(38,0)",
  ],
  'texts of large integers': ["'170141183460469231731687303715884105727'", "'170141183460469231731687303715884105726'"],
  UUIDs: ["'9a3b5c7d-0000-4000-8000-000000000001'::UUID", "'9a3b5c7d-0000-4000-8000-000000000002'::UUID"],
  'texts with NUL': ["'a' || chr(0) || 'b'", "'a' || chr(0) || 'c'", "'a'", "'ab'"],
  'emoji and other planes': ["'🛒'", "'🛍'", "'👩‍🚀'", "'👩'", "'𠮷'"],
  'letters that look alike': ["'a'", "'а'", "'A'", "'á'", "'ａ'"],
  'bytes of text': ["'\\xE6\\x97\\xA5'::BLOB", "'\\xE6\\x9C\\xAC'::BLOB", "'p1'::BLOB"],
  'texts that are no numbers': ["'1e6'", "'1000000'", "'0x10'", "'10'", "'1_0'", "'1-0'"],
};

describe('different ids', () => {
  it.each(Object.entries(DISTINCT))(
    'stay different in vocabularies, hashes, crosses, bags and sequences: %s',
    async (name, values) => {
      for (const [feature, ids] of Object.entries(await idsOf(`${name.replaceAll(/\W/g, '')}.parquet`, values)))
        expect({ feature, distinct: new Set(ids).size }).toEqual({ feature, distinct: values.length });
    },
  );

  it('stay different in CSV', async () => {
    for (const name of ['integers beyond 2^53', 'unsigned 64-bit integers', 'texts of large integers']) {
      const values = DISTINCT[name] as readonly string[];
      const { bagged: _, seen: _seen, ...ids } = await idsOf(`${name.replaceAll(/\W/g, '')}.csv`, values);
      for (const own of Object.values(ids)) expect(new Set(own).size).toBe(values.length);
    }
  });
});

describe('ids that are written in several ways', () => {
  it.each([
    ['leading zeros', ["'007'", "'7'", "'+7'", "'7.0'", "' 7 '"]],
    ['exponents', ["'1.0e6'", "'1e+6'", "'1000000'", "'1000000.00'"]],
    ['zero', ["'0'", "'-0'", "'-0.0'", "'000'"]],
    ['composed letters', ["'é'", "'e' || chr(769)"]],
    ['UUIDs', ["'9A3B5C7D-0000-4000-8000-000000000001'", "'{9a3b5c7d-0000-4000-8000-000000000001}'"]],
  ])('are one value: %s', async (name, values) => {
    for (const [feature, ids] of Object.entries(await idsOf(`same-${name.replaceAll(/\W/g, '')}.parquet`, values)))
      expect({ feature, distinct: new Set(ids).size }).toEqual({ feature, distinct: 1 });
  });
});

describe('bytes that are no text', () => {
  it('are refused with what to do', async () => {
    await expect(idsOf('bytes.parquet', ["'\\xFF\\xFE\\x00\\x01'::BLOB", "'p'::BLOB"])).rejects.toThrow(
      /^column id has bytes that are not text in UTF-8: write it as text, such as hexadecimal \(in .*bytes.parquet\)$/,
    );
  });
});
