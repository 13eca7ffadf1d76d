#!/usr/bin/env node
import { unsupportedNode } from './node-version.ts';

const complaint = unsupportedNode(process.versions.node);
if (complaint === null) {
  // Not before: older versions of Node.js cannot load it.
  const [{ run }, { processIo }] = await Promise.all([import('./program.ts'), import('./terminal/io.ts')]);
  process.exitCode = await run(process.argv, processIo());
} else {
  console.error(`entirespace: ${complaint}`);
  process.exitCode = 1;
}
