/** The Python of the checks, which has LightGBM: `npm run test:gbdt` makes it. */
import { fileURLToPath } from 'node:url';

export const PYTHON = fileURLToPath(new URL('../../.venv/bin/python', import.meta.url));
