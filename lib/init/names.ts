/** What the names of columns say: the words in them, and what these words stand for. */

/** What a 0/1 column tells, by its name. */
export type LabelRole = 'click' | 'conversion' | 'action' | 'label';
/** What an id identifies, by its name. */
export type IdRole = 'user' | 'item' | 'session' | 'row';

const LABELS: Readonly<Record<LabelRole, readonly string[]>> = {
  click: words('click clicked clicks clk isclick clickthrough visit visited visits tap tapped open opened view viewed'),
  conversion: words(
    'conversion conversions converted convert cv conv purchase purchased purchases buy buys bought booking booked book order ordered orders pay paid transaction transacted install installed signup subscribed subscribe sale sold checkout attributed deal lead gekauft bestellt',
  ),
  action: words(
    'cart atc addtocart basket favourite favorite favourited favorited fav wish wishlist like liked share shared follow followed save saved collect collected engaged action watch watched play played',
  ),
  label: words('label target outcome response y'),
};
/** What was before the impression: a column of such a name is no label. */
const EARLIER = words('hist history historical prev previous past prior ever last lifetime recent avg mean rate total');

const IDS: Readonly<Record<IdRole, readonly string[]>> = {
  user: words(
    'user uid userid customer cust visitor member client buyer person subscriber account household profile viewer shopper reader cookie device kunde',
  ),
  item: words(
    'item iid itemid product prod prop hotel ad advert article sku asin goods listing song track movie video film creative offer doc document content post book game property coupon banner artikel',
  ),
  session: words('session search srch query request req visit sess page pageview auction list slate'),
  row: words('row impression imp event log record line sample index idx key'),
};
/** Words that make an id of a noun. */
const ID_WORDS = words('id ids uuid guid key no nr num number code hash pk');

/** Nouns of what has no order, whatever numbers stand for it. */
const NOUNS = words(
  'id ids uuid guid code zip zipcode postcode postal brand category cate cat subcategory seller shop store merchant vendor campaign adgroup advertiser creative publisher site app domain channel city region country state province district location area geo language lang locale currency os browser carrier network platform device model segment cluster cohort class type kind color colour size gender sex occupation job department style material pattern season theme topic genre tag status plan tier weekday dow hour month cms pid cid nr',
);
/** Nouns of what has an order and a distance. */
const AMOUNTS = words(
  'price cost amount amt revenue spend usd eur gbp money salary income fee discount age count cnt num number qty quantity rating score rate ratio share pct percent avg mean sum total min max std days day hours minutes seconds duration length distance weight height width size recency frequency tenure level balance ctr cvr rank views clicks orders reviews stars temperature lat lon latitude longitude stay window affinity',
);
const TIMES = words('time timestamp ts date datetime dt at day when created updated shown');
const POSITIONS = words('position pos rank slot placement');

const RATINGS = words('rating ratings rated stars star grade bewertung');
const WEIGHTS = words(
  'weight weights wt score scores count counts cnt freq freqs frequency frequencies strength affinity gewicht gewichte',
);

const ENTITIES = {
  user: [...IDS.user, ...words('age gender sex occupation income tenure loyalty membership newbie')],
  item: [
    ...IDS.item,
    ...words(
      'price brand category cate cat seller shop store merchant vendor discount rating stars review color colour size title genre segment_item campaign',
    ),
  ],
  context: words(
    'position pos slot placement hour weekday dow device os browser platform channel page place context query search',
  ),
} as const;

/** Returns the words of a name in lower case: `srch_destinationID` has srch, destination and id. */
export function wordsOf(name: string): string[] {
  return name
    .replace(/([\p{Ll}\d])(\p{Lu})/gu, '$1 $2')
    .replace(/(\p{Lu}+)(\p{Lu}\p{Ll})/gu, '$1 $2')
    .toLowerCase()
    .split(/[^\p{L}\d]+/u)
    .filter((word) => word !== '');
}

/** Returns what a 0/1 column of this name tells; `null` if the name does not say. */
export function labelRole(name: string): LabelRole | null {
  const own = wordsOf(name);
  if (own.some((word) => EARLIER.includes(word))) return null;
  const roles = (Object.keys(LABELS) as LabelRole[]).filter((role) => own.some((word) => LABELS[role].includes(word)));
  // `add_to_cart_click` is what was done, and `label_conversion` what was meant.
  return roles.includes('conversion') ? 'conversion' : (roles.find((role) => role === 'action') ?? roles[0] ?? null);
}

/** Returns what an id of this name identifies; `null` if the name is not that of an id of a user, item, session or row. */
export function idRole(name: string): IdRole | null {
  const own = wordsOf(name);
  const nouns = own.filter((word) => !ID_WORDS.includes(word));
  if (nouns.length === 0 && own.length > 0) return 'row';
  const [noun] = nouns;
  if (nouns.length !== 1 || noun === undefined) return null;
  return (Object.keys(IDS) as IdRole[]).find((role) => IDS[role].includes(noun)) ?? null;
}

/** Whether a name says that numbers stand for things without an order (`category`), or are amounts (`number`). */
export function namedKind(name: string): 'category' | 'number' | null {
  const own = wordsOf(name);
  const last = own.at(-1) ?? '';
  if (ID_WORDS.slice(0, 4).includes(last)) return 'category';
  const isNoun = own.some((word) => NOUNS.includes(word));
  const isAmount = own.some((word) => AMOUNTS.includes(word));
  // The last word decides: `category_price` is a price, `price_category` a category.
  if (isNoun && isAmount) return NOUNS.includes(last) ? 'category' : 'number';
  return isNoun ? 'category' : isAmount ? 'number' : null;
}

/** Whether a name is that of a time, and how early it stands among the names of the time of a row; -1 if it is none. */
export function timeRank(name: string): number {
  const own = wordsOf(name);
  if (
    own.some((word) =>
      words('birth born dob signup registered joined released release expires expiry checkin checkout').includes(word),
    )
  )
    return -1;
  if (!own.some((word) => TIMES.includes(word))) return -1;
  const isOfRow = own.some((word) =>
    words('shown impression event request log served view timestamp ts').includes(word),
  );
  return isOfRow || own.every((word) => TIMES.includes(word)) ? 2 : 1;
}

/** Whether a name is that of what a user thinks of an item. */
export function isRating(name: string): boolean {
  return wordsOf(name).some((word) => RATINGS.includes(word));
}

/** Whether a name is that of weights of the values of a bag. */
export function isWeights(name: string): boolean {
  return wordsOf(name).some((word) => WEIGHTS.includes(word));
}

/** Whether a name is that of the place at which an item was shown. */
export function isPosition(name: string): boolean {
  return wordsOf(name).some((word) => POSITIONS.includes(word));
}

/** Returns whom a column describes by its name; `null` if the name does not say. */
export function entityOf(name: string): 'user' | 'item' | 'context' | null {
  const own = wordsOf(name);
  const [first = ''] = own;
  for (const entity of ['user', 'item', 'context'] as const)
    if ((ENTITIES[entity] as readonly string[]).includes(first)) return entity;
  for (const entity of ['context', 'item', 'user'] as const)
    if (own.some((word) => (ENTITIES[entity] as readonly string[]).includes(word))) return entity;
  return null;
}

function words(text: string): readonly string[] {
  return text.split(' ');
}
