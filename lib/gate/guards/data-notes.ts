/** What is strange of the data that a new version was made from, beside that of the current one. */
import { count, percent } from '../../numbers/text.ts';
import type { ModelManifest } from '../../registry/manifest.ts';

/** Part of the current version's training rows, below which the new ones are told to be few. */
const FEW = 0.5;

/** Sentences for people: few rows, no newer rows, or the same log again. */
export function dataNotes(champion: ModelManifest['data'], challenger: ModelManifest['data']): string[] {
  return [fewRows(champion, challenger), sameLog(champion, challenger) ?? noNewerRows(champion, challenger)].filter(
    (note) => note !== null,
  );
}

function fewRows({ rows: { train: before } }: ModelManifest['data'], { rows: { train: now } }: ModelManifest['data']) {
  if (before === 0 || now >= FEW * before) return null;
  return `the new version has ${count(now)} training rows, ${percent(now / before)} of the ${count(before)} of the current one: is a part of the log missing?`;
}

function sameLog(champion: ModelManifest['data'], challenger: ModelManifest['data']): string | null {
  const facts = ({ time, rows, labels, trainingDigest }: ModelManifest['data']) =>
    JSON.stringify([time, rows, labels, trainingDigest]);
  if (facts(champion) !== facts(challenger)) return null;
  return 'the log has exactly the rows, times and labels of that of the current version: is it the same one?';
}

function noNewerRows({ time: before }: ModelManifest['data'], { time: now }: ModelManifest['data']): string | null {
  if (before === null || now === null || now.to > before.to) return null;
  return `the log ends at ${now.to}, that of the current version ended at ${before.to}: it has no newer rows`;
}
