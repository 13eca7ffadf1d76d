/** Writes the JSON Schema of `entirespace.yaml` beside the shape that it is made from. */
import { writeFile } from 'node:fs/promises';
import { formatJsonSchema } from '../lib/config/json-schema.ts';

await writeFile(new URL('../lib/config/entirespace.schema.json', import.meta.url), formatJsonSchema());
