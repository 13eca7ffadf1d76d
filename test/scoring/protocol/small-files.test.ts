/** A small part of what `npm run test:proof` does with 300 files. */
import { it } from 'vitest';
import { scoreManyFiles } from '../../proof/scoring/many-files.ts';

it('20 files at once end with one outcome each, whatever happens on the way', () => scoreManyFiles(20));
