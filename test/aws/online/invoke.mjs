// Loads a bundle of the online function, and writes its results for events: what AWS does, without its network.
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const [bundle, events] = process.argv.slice(2);
const { handler } = createRequire(import.meta.url)(bundle);
const results = [];
for (const event of JSON.parse(readFileSync(events, 'utf8'))) results.push(await handler(event));
writeFileSync(`${events}.results`, JSON.stringify(results));
// The scorer of a function stays open.
process.exit(0);
