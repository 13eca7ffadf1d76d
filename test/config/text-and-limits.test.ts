import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { parseDeclaration, readDeclaration } from '../../lib/config/parse-declaration.ts';

const SHOP = `name: shop
stages: { click: { label: clicked }, conversion: { label: bought } }
log: { keys: [row] }
features:
  item: { type: category, entity: item, dimension: 4 }
`;

const folder = mkdtempSync(join(tmpdir(), 'declaration-'));
afterAll(() => rmSync(folder, { recursive: true }));

function readBytes(bytes: Uint8Array | string) {
  const path = join(folder, 'e.yaml');
  writeFileSync(path, bytes);
  return readDeclaration(path, 'e.yaml');
}

describe('a declaration', () => {
  it.each<[string, Uint8Array, string]>([
    ['UTF-16 with a mark', Buffer.from(`\ufeff${SHOP}`, 'utf16le'), 'e.yaml:1:1 is UTF-16, expected UTF-8'],
    ['UTF-16 without a mark', Buffer.from(SHOP, 'utf16le'), 'e.yaml:1:1 is UTF-16, expected UTF-8'],
    [
      'Latin-1',
      Buffer.from(`# ok\n# caf\u00e9\n${SHOP}`, 'latin1'),
      'e.yaml:2:6 is not UTF-8: got the byte 0xe9, expected the file in UTF-8',
    ],
    ['empty', Buffer.from(''), 'e.yaml:1:1 got an empty file, expected a map with name, stages, log and features'],
  ])('is refused that is %s', async (_, bytes, message) => {
    await expect(readBytes(bytes)).rejects.toThrow(message);
  });

  it.each<[string, string]>([
    ['UTF-8 with a mark', `\ufeff${SHOP}`],
    ['CRLF', SHOP.replaceAll('\n', '\r\n')],
    [
      'JSON',
      JSON.stringify({
        name: 'shop',
        stages: { click: { label: 'clicked' }, conversion: { label: 'bought' } },
        log: { keys: ['row'] },
        features: { item: { type: 'category', entity: 'item', dimension: 4 } },
      }),
    ],
  ])('is read that is %s', async (_, text) => {
    expect((await readBytes(text)).declaration).toEqual(parseDeclaration(SHOP, 'e.yaml'));
  });
});

describe('merge keys', () => {
  it('give a map the members of another one that it has not itself', () => {
    const text = SHOP.replace('item: {', 'item: &base {').concat(
      '  other: { <<: *base, column: item, dimension: 2 }\n',
    );
    expect(parseDeclaration(text, 'e.yaml').features[1]).toEqual({
      name: 'other',
      type: 'category',
      entity: 'item',
      column: 'item',
      embedding: 'other',
    });
  });

  it('give hundreds of features what they have in common', () => {
    const many = Array.from({ length: 500 }, (_, i) => `  f${i}: { <<: *base, column: c${i} }\n`).join('');
    expect(parseDeclaration(SHOP.replace('item: {', 'item: &base {').concat(many), 'e.yaml').features).toHaveLength(
      501,
    );
  });

  it.each([
    ['other: { <<: 5 }', '6:12 expected <<: with a map, an alias of one, or a list of them'],
    ['other: { <<: *base, <<: *base }', '6:23 key << given twice'],
    // The place of a merged member is where it is written.
    [
      'other: { <<: { type: category, entity: shop }, column: o }',
      '6:42 features.other.entity: got "shop", expected one of "user", "item", "context"',
    ],
  ])('are refused as %s', (line, problem) => {
    const text = SHOP.replace('item: {', 'item: &base {').concat(`  ${line}\n`);
    expect(() => parseDeclaration(text, 'e.yaml')).toThrow(`e.yaml:${problem}`);
  });
});

describe('a number beyond its limit', () => {
  it.each([
    [
      'training: { batch_size: 1e12 }',
      'training.batch_size: got 1000000000000, expected a whole number from 1 to 524288',
    ],
    ['training: { epochs: 1000000000 }', 'training.epochs: got 1000000000, expected a whole number from 1 to 10000'],
    [
      'training: { learning_rate: 1e300 }',
      'training.learning_rate: got 1e+300, expected a number above 0 and at most 1000',
    ],
    [
      'training: { learning_rate: .inf }',
      'training.learning_rate: got Infinity, expected a number above 0 and at most 1000',
    ],
    [
      'training: { learning_rate: .nan }',
      'training.learning_rate: got NaN, expected a number above 0 and at most 1000',
    ],
    ['training: { batch_size: "128" }', 'training.batch_size: got "128", expected a whole number from 1 to 524288'],
    ['training: { batch_size: -1 }', 'training.batch_size: got -1, expected a whole number from 1 to 524288'],
    [
      'model: { hidden_units: [1000000000] }',
      'model.hidden_units[0]: got 1000000000, expected a whole number from 1 to 16384',
    ],
    [
      'embeddings: { t: { dimension: 1000000000 } }',
      'embeddings.t.dimension: got 1000000000, expected a whole number from 1 to 4096',
    ],
  ])('is refused: %s', (line, message) => {
    expect(() => parseDeclaration(`${SHOP}${line}\n`, 'e.yaml')).toThrow(message);
  });

  it.each([
    ['hash: 1000000000', 'hash', '1,000,000,000', '18.6 GiB'],
    ['ids: 2000000000', 'ids', '2,000,000,000', '37.3 GiB'],
    ['vocabulary: { unknown: 1000000000 }', 'vocabulary', '1,000,000,000', '18.6 GiB'],
  ])('is refused as a table that no training could hold: %s', (member, name, rows, size) => {
    expect(() => parseDeclaration(SHOP.replace('dimension: 4', `dimension: 4, ${member}`), 'e.yaml')).toThrow(
      `features.item.${name}: got ${rows} rows of dimension 4, which need ${size} of memory or more, expected at most 16.0 GiB`,
    );
  });
});

describe('a name', () => {
  it.each(['__proto__', 'constructor', 'toString'])('cannot be %s', (name) => {
    expect(() => parseDeclaration(`${SHOP}  ${name}: { type: number, entity: user }\n`, 'e.yaml')).toThrow(
      new RegExp(`^e\\.yaml:6:3 .*got "?${name}"?, expected`),
    );
  });
});

it('a message has at most fifty problems', () => {
  const many = Array.from({ length: 70 }, (_, i) => `  f${i}: { type: nmber, entity: user }\n`).join('');
  expect(() => parseDeclaration(SHOP + many, 'e.yaml')).toThrow(/^(e\.yaml:\d+:\d+ .*\n){50}e\.yaml: and 20 more$/);
});
