#!/usr/bin/env node
import { setFlagsFromString } from 'node:v8';
import { unsupportedNode } from './node-version.ts';

/**
 * How much of a function, in bytes of its bytecode, runs before V8 optimizes it: four to nine times what V8 begins with.
 * To optimize all that a command of seconds runs takes the cores for longer than that saves.
 */
const OPTIMIZED_AFTER = '--interrupt-budget=600000';

const complaint = unsupportedNode(process.versions.node);
if (complaint === null) {
  setFlagsFromString(OPTIMIZED_AFTER);
  // Not before: older versions of Node.js cannot load it.
  const [{ run }, { processIo }] = await Promise.all([import('./program.ts'), import('./terminal/io.ts')]);
  process.exitCode = await run(process.argv, processIo());
} else {
  console.error(`entirespace: ${complaint}`);
  process.exitCode = 1;
}
