import { parseHTML } from 'linkedom';
import { describe, expect, it } from 'vitest';
import { compare } from '../../lib/compare/compare.ts';
import { comparisonPage } from '../../lib/compare/page/page.ts';
import { fake, smallBench } from './fakes.ts';

const HOSTILE = '<img src=x onerror=alert(1)>';
const small = smallBench();

/** What is used of a page here; the types of browsers are none of Node.js. */
interface Element {
  readonly textContent: string;
  getAttribute(name: string): string | null;
  querySelector(selector: string): Element | null;
  querySelectorAll(selector: string): Iterable<Element>;
}

async function pageOf(names: readonly string[], shares: readonly number[], against = 'esmm') {
  const models = names.map((name) =>
    fake({ name, skill: name === 'esmm' || name === 'same' ? 0.2 : 0.6, fails: name === 'none' ? [1, 2] : [] }),
  );
  const found = await compare(small.bench(), models, {
    declarationSha256: 'abc',
    seeds: 2,
    trials: 1,
    by: 'ctcvr_auc_own',
    against,
    shares,
    atOnce: 2,
    leftOut: [{ name: 'division', why: HOSTILE }],
    folder: small.newFolder(),
    onRun: () => undefined,
    onDamage: () => undefined,
  });
  const text = comparisonPage(found);
  return { found, text, page: parseHTML(text).document as unknown as Element };
}

describe('the page of a comparison', () => {
  it('has the verdict first, then the models, and a table for every plot', async () => {
    const { found, page } = await pageOf(['esmm', 'better', 'none'], [0.2]);
    expect(page.querySelector('.verdict h2')?.textContent).toBe('Take better');
    expect(page.querySelector('.verdict p')?.textContent).toBe(`${found.verdict}.`);
    const headings = [...page.querySelectorAll('h2')].map(({ textContent }) => textContent);
    expect(headings).toEqual([
      'Take better',
      'How well they rank',
      'By how much, and how surely',
      'With fewer training rows',
      'How right the probabilities are',
      'Reliability by model',
      'Settings',
      'The data',
    ]);
    const firstTable = page.querySelector('table tbody');
    const names = [...(firstTable?.querySelectorAll('th') ?? [])].map(({ textContent }) => textContent);
    expect(names).toEqual(['better', 'esmm', 'none']);
    for (const section of page.querySelectorAll('section'))
      if (section.querySelector('svg') !== null) expect(section.querySelector('table')).not.toBeNull();
    for (const svg of page.querySelectorAll('svg')) expect(svg.getAttribute('aria-label')).toMatch(/\w/);
  });

  it('keeps the reference where nothing is shown to be better', async () => {
    const { found, page } = await pageOf(['esmm', 'same'], []);
    expect(found.winner).toEqual({ name: 'esmm', settings: {}, isShown: false });
    const verdict = page.querySelector('.verdict');
    expect(verdict?.querySelector('h2')?.textContent).toBe('Keep esmm');
    expect(verdict?.getAttribute('class')).not.toContain('good');
    expect(verdict?.querySelector('p')?.textContent).toMatch(/^no model is (shown to be )?better than esmm/);
  });

  it('has no verdict where the reference could not be trained', async () => {
    const { found, page } = await pageOf(['none', 'better'], [], 'none');
    expect(found.verdict).toBe('no verdict: none, which the models are compared with, could not be trained');
    expect(page.querySelector('.verdict h2')?.textContent).toBe('No verdict');
  });

  it('needs nothing else, runs nothing, and shows names as text', async () => {
    const { text, page } = await pageOf(['esmm', HOSTILE.replaceAll('/', '')], []);
    expect(page.querySelector('meta[http-equiv]')?.getAttribute('content')).toBe(
      "default-src 'none'; style-src 'unsafe-inline'",
    );
    expect(page.querySelector('script, img, link')).toBeNull();
    expect(text).not.toContain('With fewer training rows');
  });
});
