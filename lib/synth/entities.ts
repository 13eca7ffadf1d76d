/**
 * The users and items of a synthetic log: their features, and what these add to the logits of click and conversion. The
 * tables are small next to the log, which is joined to them as it is written.
 */
import { type Database, execute } from '../table/database.ts';
import { bits, effect, half, normal, uniformOfWord, word } from './draws.ts';
import type { SynthOptions } from './options.ts';

const SEGMENTS = 12;
const CATEGORIES = 40;
/** Every category has brands of its own. */
const BRANDS_OF_CATEGORY = 8;
const TAGS = 60;
/** One user in so many does not tell the age. */
const AGELESS = 20;

/**
 * Standard deviations of what each feature adds to the logits. Those of the conversion have a variance of about 1
 * together, so that `observedBias` is by standard deviation.
 */
export const DEVIATIONS = {
  conversion: {
    user_id: 0.25,
    segment: 0.45,
    age: 0.25,
    item_id: 0.3,
    category: 0.45,
    brand: 0.35,
    price: 0.3,
    tags: 0.3,
    hour: 0.15,
    affinity: 0.35,
  },
  click: { user_id: 0.3, segment: 0.3, item_id: 0.3, category: 0.3, brand: 0.2 },
  /** Of the logarithm of the delay. */
  delay: { segment: 0.4, category: 0.4 },
} as const;

/**
 * Creates the tables `users`, `items` and `affinities`. Each of the first two has, besides the features, the sums
 * `<entity>_click`, `<entity>_conversion`, `<entity>_drifted` (of the conversion, after a drift) and `<entity>_delay`.
 */
export async function createEntities(database: Database, { seed, users, items }: SynthOptions): Promise<void> {
  await execute(database, `CREATE TABLE users AS ${usersSql(seed, users)}`);
  await execute(database, `CREATE TABLE items AS ${itemsSql(seed, items)}`);
  await execute(
    database,
    `CREATE TABLE affinities AS SELECT segment, category, ${DEVIATIONS.conversion.affinity} * ${effect(seed, 'affinity', `segment * ${CATEGORIES} + category`)} AS affinity
     FROM range(${SEGMENTS}) AS s(segment), range(${CATEGORIES}) AS c(category)`,
  );
}

function usersSql(seed: number, users: number): string {
  const drawn = `SELECT user_id, ${bits(seed, 'user', 'user_id')} AS bits FROM range(1, ${users + 1}) AS t(user_id)`;
  const halves = `SELECT user_id, ${half('bits', 'upper')} AS upper, ${half('bits', 'lower')} AS lower FROM (${drawn})`;
  // Squared, so that some segments are frequent.
  const segment = `CAST(floor(${SEGMENTS} * pow(${uniformOfWord(word('upper', 'upper'))}, 2)) AS BIGINT)`;
  const age = `CASE WHEN ${word('upper', 'lower')} % ${AGELESS} > 0 THEN CAST(18 + ${word('upper', 'lower')} % 63 AS INTEGER) END`;
  const features = `SELECT user_id, ${segment} AS segment, ${age} AS age, ${normal('lower')} AS own FROM (${halves})`;
  // The ages are even between 18 and 80; of a missing one nothing is added.
  const byAge = 'COALESCE((age - 49) / 18.2, 0)';
  const { click, delay } = DEVIATIONS;
  const conversion = (suffix: string) =>
    sum(DEVIATIONS.conversion, {
      user_id: suffix === '' ? 'own' : effect(seed, `user${suffix}`, 'user_id'),
      segment: effect(seed, `segment${suffix}`, 'segment'),
      age: suffix === '' ? byAge : `-${byAge}`,
    });
  return `SELECT user_id, segment, age,
    ${sum(click, { user_id: effect(seed, 'user click', 'user_id'), segment: effect(seed, 'segment click', 'segment') })} AS user_click,
    ${conversion('')} AS user_conversion,
    ${conversion(' drifted')} AS user_drifted,
    ${sum(delay, { segment: effect(seed, 'segment delay', 'segment') })} AS user_delay
    FROM (${features})`;
}

function itemsSql(seed: number, items: number): string {
  const drawn = `SELECT item_id, ${bits(seed, 'item', 'item_id')} AS bits, ${bits(seed, 'item tags', 'item_id')} AS tag_bits FROM range(1, ${items + 1}) AS t(item_id)`;
  const halves = `SELECT item_id, ${half('bits', 'upper')} AS upper, ${half('bits', 'lower')} AS lower,
    ${half('tag_bits', 'upper')} AS tags_upper, ${half('tag_bits', 'lower')} AS tags_lower FROM (${drawn})`;
  const category = `CAST(floor(${CATEGORIES} * pow(${uniformOfWord(word('upper', 'upper'))}, 1.5)) AS BIGINT)`;
  const words = [word('tags_upper', 'upper'), word('tags_upper', 'lower'), word('tags_lower', 'upper')];
  const tags = `list_sort(list_distinct(list_slice([${words.map((bits32) => `CAST(${bits32} % ${TAGS} AS INTEGER)`).join(', ')}], 1, 1 + CAST(${word('tags_lower', 'lower')} % 3 AS INTEGER))))`;
  const features = `SELECT item_id, ${category} AS category, ${word('upper', 'lower')} AS brand_bits, ${tags} AS tags, ${normal('lower')} AS priced FROM (${halves})`;
  const brand = `category * ${BRANDS_OF_CATEGORY} + CAST(floor(${BRANDS_OF_CATEGORY} * pow(${uniformOfWord('brand_bits')}, 2)) AS BIGINT)`;
  const branded = `SELECT item_id, category, ${brand} AS brand, tags, priced, CAST(round(20 * exp(0.8 * priced), 2) AS DOUBLE) AS price FROM (${features})`;
  const byTags = (kind: string) => `list_avg(list_transform(tags, lambda tag: ${effect(seed, kind, 'tag')}))`;
  const { click, delay } = DEVIATIONS;
  const conversion = (suffix: string) =>
    sum(DEVIATIONS.conversion, {
      item_id: effect(seed, `item${suffix}`, 'item_id'),
      category: effect(seed, `category${suffix}`, 'category'),
      brand: effect(seed, `brand${suffix}`, 'brand'),
      // What is dear is bought less.
      price: '-ln(price / 20) / 0.8',
      tags: byTags(`tag${suffix}`),
    });
  return `SELECT item_id, category, brand, price, tags,
    ${sum(click, {
      item_id: effect(seed, 'item click', 'item_id'),
      category: effect(seed, 'category click', 'category'),
      brand: effect(seed, 'brand click', 'brand'),
    })} AS item_click,
    ${conversion('')} AS item_conversion,
    ${conversion(' drifted')} AS item_drifted,
    ${sum(delay, { category: effect(seed, 'category delay', 'category') })} AS item_delay
    FROM (${branded})`;
}

/** Returns the SQL of a sum of effects, each with its deviation. */
function sum<Name extends string>(
  deviations: Readonly<Record<Name, number>>,
  effects: Readonly<Partial<Record<Name, string>>>,
): string {
  const terms = (Object.entries(effects) as [Name, string][]).map(([name, sql]) => `${deviations[name]} * (${sql})`);
  return terms.join(' + ');
}
