/** ESM2 and its ablation on a log in which one post-click action tells almost all of the purchase, the other nothing. */
import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import type { Comparison } from '../../../lib/compare/result/comparison-file.ts';
import { randomStream } from '../../../lib/numbers/random.ts';
import { workplace } from '../../bin/workplace.ts';

const ROWS = 30_000;
const ITEMS = 400;
const DECLARATION = `name: shop
stages:
  click: { label: clicked }
  cart: { label: carted }
  not_cart: { complement_of: cart }
  wish: { from: not_cart, label: wished, inconsistent: and, max_inconsistent: 1 }
  neither: { complement_of: wish }
  conversion: { label: bought, from: [cart, wish, neither] }
log: { keys: [row] }
split: { hash: row, validation: 0.1, test: 0.5 }
features:
  item: { type: category, entity: item, dimension: 8 }
  segment: { type: category, entity: user, dimension: 4 }
model: { hidden_units: [16] }
training: { batch_size: 512, epochs: 10 }
`;

/**
 * Every item has its own rate of being put in the cart, and carts are bought from sixty times as often as not; whether a
 * row is on the wish list is a coin's toss. There are few purchases, and many carts, to learn an item's rate from.
 */
function log(): string {
  const uniform = (name: string) => randomStream(1, name).uniform;
  const [item, segment, click, cart, wish, buy] = ['item', 'segment', 'click', 'cart', 'wish', 'buy'].map(uniform);
  const [clicks, carts] = [uniform('clicks'), uniform('carts')];
  const lines = ['row,item,segment,clicked,carted,wished,bought'];
  for (let row = 0; row < ROWS; row++) {
    const own = Math.floor((item?.(row) as number) * ITEMS);
    const isClick = (click?.(row) as number) < 0.15 + 0.3 * clicks(own);
    const isCart = isClick && (cart?.(row) as number) < 0.6 * carts(own) ** 2;
    const isWish = isClick && (wish?.(row) as number) < 0.25;
    const isBuy = isClick && (buy?.(row) as number) < (isCart ? 0.12 : 0.002);
    const labels = [isClick, isCart, isWish, isBuy].map(Number);
    lines.push([row, `i${own}`, `s${Math.floor((segment?.(row) as number) * 20)}`, ...labels].join(','));
  }
  return `${lines.join('\n')}\n`;
}

const place = workplace();

it('gains by the action that tells the purchase, and by no other', async () => {
  await place.write('esm2.yaml', DECLARATION);
  await place.write('esm2.csv', log());
  const models = ['--models', 'base,oversampling,esm2,esm2-cart,esm2-wish', '--seeds', '3', '--trials', '1'];
  const { code, stdout } = await place.run('compare', 'esm2.yaml', '--data', 'esm2.csv', ...models);
  expect(code).toBe(0);
  expect(stdout).toMatch(/\nAUC +p_cart +p_cart_entire +p_wish_entire\n/);
  const found: Comparison = JSON.parse(await readFile(place.at('comparison/comparison.json'), 'utf8'));
  const claims = Object.fromEntries(found.models.map(({ name, claim }) => [name, claim]));
  expect(claims).toMatchObject({ esmm: 'reference', esm2: 'better', 'esm2-cart': 'better' });
  expect(claims['esm2-wish']).not.toBe('better');
  expect(['esm2', 'esm2-cart']).toContain(found.winner.name);
  const aucOf = (name: string, task: string) =>
    found.models.find((model) => model.name === name)?.seeds[0]?.tasks[task]?.auc;
  // Items differ in how often they are put in the cart, and not in how often they are wished for.
  expect(aucOf('esm2-cart', 'p_cart_entire')).toBeGreaterThan(aucOf('esm2-wish', 'p_wish_entire') as number);
  expect(aucOf('esmm', 'p_cart_entire')).toBeUndefined();
});

it('trains the funnel that was found', async () => {
  const comparison = JSON.parse(await readFile(place.at('comparison/comparison.json'), 'utf8'));
  const winner = { name: 'esm2-cart', settings: {}, isShown: true };
  await place.write('found.json', JSON.stringify({ ...comparison, winner }));
  const like = ['-b', 'like', '--like', 'found.json', '--no-promote'];
  const { code, stderr } = await place.run('train', 'esm2.yaml', '--data', 'esm2.csv', ...like);
  expect({ code, told: stderr.split('\n')[0] }).toEqual({
    code: 0,
    told: 'training esm2-cart: shown to be better than esmm (found.json)',
  });
  const [version = ''] = (await place.listing('like/models/shop')).filter((name) => name.includes('declaration.yaml'));
  expect(version).not.toBe('');
});
