/** The monitoring page, read as a browser reads it. */
import { parseHTML } from 'linkedom';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { monitoringPage } from '../../lib/monitor/page/page.ts';
import { makeWorld, type World } from './world.ts';

/** What is used of a page here; the types of browsers are none of Node.js. */
interface Element {
  readonly textContent: string;
  getAttribute(name: string): string | null;
  querySelectorAll(selector: string): Iterable<Element>;
}

let world: World;
let page: Element;
beforeAll(async () => {
  world = await makeWorld(2000, 1);
  ({ document: page } = parseHTML(monitoringPage(await world.run(2))) as unknown as { document: Element });
});
afterAll(() => world.remove());

const texts = (selector: string) =>
  [...page.querySelectorAll(selector)].map(({ textContent }) => textContent.replaceAll(/\s+/g, ' ').trim());

describe('the monitoring page', () => {
  it('says the verdict first', () => {
    expect(texts('h2')).toEqual([
      'OK',
      'Is as much observed as was predicted?',
      'Does it rank as its scores claim?',
      'Are the scores spread as they were?',
      'Are the values there, and known?',
      'Where more, or less, happens than is predicted',
      'Files, rejects and cost',
      'Every limit that was crossed',
    ]);
  });

  it('draws what there is to draw of each feature: a number cannot be unknown', () => {
    expect(texts('figcaption').filter((text) => /missing|unknown/.test(text))).toEqual([
      'item: missing',
      'item: unknown',
      'price: missing',
    ]);
    const named = [...page.querySelectorAll('svg')].map((plot) => plot.getAttribute('aria-label'));
    expect(named.filter((text) => text?.startsWith('Share of'))).toEqual([
      'Share of missing values of item by day: on the last 0%, at training 0%',
      'Share of unknown values of item by day: on the last 2%, at training 2%',
      'Share of missing values of price by day: on the last 1%, at training 1%',
    ]);
  });
});
