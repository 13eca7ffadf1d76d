/** What models are written with, in scripts and in model files of one's own. */
export * from '../lib/model/door.ts';
