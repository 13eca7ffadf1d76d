/**
 * Writes what the trainer's steps are compared with, for a machine that has a GPU and no Node.js:
 *
 *     tsx test/torch/write-cases.ts <new folder>
 *     python test/torch/check_cases.py <folder> --device cuda
 */
import { mkdir } from 'node:fs/promises';
import { writeCases } from './cases.ts';

const [folder] = process.argv.slice(2);
if (folder === undefined) throw new RangeError('got no folder, expected where the bundles go');
await mkdir(folder, { recursive: true });
await writeCases(folder);
