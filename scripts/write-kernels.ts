/** Writes docs/kernels.md. */
import { writeFileSync } from 'node:fs';
import { kernelsPage } from './kernels-page.ts';

writeFileSync('docs/kernels.md', kernelsPage());
