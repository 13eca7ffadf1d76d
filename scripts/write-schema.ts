/** Writes the JSON Schema of `entirespace.yaml`, which is generated from the schema in `lib/config`. */
import { writeFile } from 'node:fs/promises';
import { formatJsonSchema } from '../lib/config/json-schema.ts';

await writeFile(new URL('../lib/config/entirespace.schema.json', import.meta.url), formatJsonSchema());
