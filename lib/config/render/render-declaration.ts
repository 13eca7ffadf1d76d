/** Writes a resolved declaration as the text of a file that says the same, with every default filled in. */
import { Document, stringify, visit } from 'yaml';
import { settingsOfType } from '../check/check-model-type.ts';
import type { Declaration } from '../declaration.ts';
import { snakeKeys } from '../sections/camel-keys.ts';
import { given, type Members } from './members.ts';
import { featureSections } from './render-features.ts';
import {
  entitiesSection,
  gateSection,
  logSection,
  modelSection,
  monitoringSection,
  scoringSection,
  splitSection,
  stagesSection,
  trainingSection,
} from './render-sections.ts';

/**
 * Returns the text of a declaration in YAML. It parses to the same declaration; comments have what a file cannot say
 * without changing its meaning, such as the split that is there by default.
 */
export function renderDeclaration(declaration: Declaration): string {
  const { embeddings, features } = featureSections(declaration);
  const { split, model, training } = declaration;
  const isDefault = split.by !== 'column' && split.isDefault === true;
  const sections: readonly (readonly [string, unknown])[] = [
    ['name', declaration.name],
    ['root', declaration.root],
    ['stages', stagesSection(declaration.stages)],
    ['roles', declaration.roles],
    ['log', logSection(declaration.log)],
    ['csv', snakeKeys(declaration.csv)],
    ['split', isDefault ? null : splitSection(split)],
    ['entities', entitiesSection(declaration.entities)],
    ['embeddings', embeddings],
    ['features', features],
    ['model', modelSection(model)],
    ['training', trainingSection(training)],
    ['scoring', scoringSection(declaration.scoring)],
    ['gate', gateSection(declaration.gate)],
    ['report', snakeKeys(declaration.report)],
    ['monitoring', monitoringSection(declaration.monitoring)],
  ];
  const unset = settingsOfType(model.type).filter(({ setting }) => model.file === null && model[setting] === undefined);
  const comments: Readonly<Record<string, readonly string[]>> = {
    split: isDefault ? [`by default: split: ${flow(splitSection(split))}`] : [],
    model: unset.map(({ key }) => `${key}: by the type, as docs/models.md has it`),
    training: training.batchSize === null ? ['batch_size: 4096, or less, by the number of training rows'] : [],
  };
  return sections
    .map(([name, value]) => {
      const lines = (comments[name] ?? []).map((comment) => `${name === 'split' ? '' : '  '}# ${comment}\n`);
      return `${value === null ? '' : sectionText(given({ [name]: value }))}${lines.join('')}`;
    })
    .join('');
}

/** The text of a section, each of its members on a line. */
function sectionText(section: Members): string {
  const document = new Document(section);
  visit(document, {
    Scalar: (_, scalar) => {
      // A plain one merges a map.
      if (scalar.value === '<<') scalar.type = 'QUOTE_DOUBLE';
    },
    Collection: (_, collection, path) => {
      // Below the document, the file's map, its pair, the section, and the member's pair.
      if (path.length > 4) collection.flow = true;
    },
  });
  return document.toString({ lineWidth: 0 });
}

function flow(members: Members): string {
  return stringify(members, { collectionStyle: 'flow', lineWidth: 0 }).trim();
}
