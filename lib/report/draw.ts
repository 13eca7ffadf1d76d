/**
 * Draws plots as SVG that takes its colours from the page: so light and dark need no second drawing. Each has a text that
 * says what it shows.
 */
import * as Plot from '@observablehq/plot';
import { parseHTML } from 'linkedom';
import { Html } from './html.ts';

export const OWN = 'var(--own)';
export const BEFORE = 'var(--before)';
export const FAINT = 'var(--faint)';
const WIDTH = 340;
const FONT_PX = 12;
/** Mean width of a character of a label in that size, since no font can be measured here. */
export const CHARACTER_PX = 6.8;

const { document } = parseHTML('<!doctype html><html lang="en"><body></body></html>');

/** What is drawn. */
export interface Drawing extends Pick<Plot.PlotOptions, 'x' | 'y' | 'marks' | 'marginLeft'> {
  readonly alt: string;
  readonly height: number;
}

/** The part of an element's type that is used here; Node.js has no types of the DOM. */
interface Drawn {
  readonly outerHTML: string;
  setAttribute(name: string, value: string): void;
  querySelectorAll(selector: string): Iterable<{ removeAttribute(name: string): void }>;
}

/** Returns a plot. */
export function draw({ alt, marginLeft = 56, ...options }: Drawing): Html {
  const svg: Drawn = Plot.plot({
    document,
    width: WIDTH,
    marginLeft,
    marginTop: 30,
    marginBottom: 44,
    ariaLabel: alt,
    style: { fontSize: `${FONT_PX}px` },
    ...options,
  });
  svg.setAttribute('role', 'img');
  // The whole is one image with one text: what its parts are called is no help there, and not allowed.
  for (const part of svg.querySelectorAll('[aria-label]')) part.removeAttribute('aria-label');
  return new Html(svg.outerHTML);
}

/** The line on which both axes are equal, to the greatest value. */
export function diagonal(most: number): readonly (readonly [number, number])[] {
  return [
    [0, 0],
    [most, most],
  ];
}
