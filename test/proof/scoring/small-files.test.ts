import { it } from 'vitest';
import { scoreManyFiles } from './many-files.ts';

it('300 files at once end with one outcome each, whatever happens on the way', () => scoreManyFiles(300));
