/** What features become, as a table for people and as JSON. */
import { alignColumns } from '../../lib/evaluation/metrics-table.ts';
import { byteText, count } from '../../lib/numbers/text.ts';
import { featureColumns } from '../../lib/table/kinds/index.ts';
import type { FeatureSize, FeatureSizes, TableSize } from '../../lib/training/feature-sizes.ts';

/** Bytes of a weight, a float32. */
const WEIGHT_BYTES = 4;
const BY_LOG = 'by the log';

/** A line for each feature, and one for the whole model, as comments of YAML. */
export function formatSizes({ features, width, layers, embeddings }: FeatureSizes): string {
  const header = ['feature', 'type', 'columns', 'ids', 'rows', 'values', 'width', 'parameters', 'memory'];
  const whole = embeddings === null ? `embeddings ${BY_LOG} (--data)` : `${amount(embeddings)} of embeddings`;
  const lines = [
    ...alignColumns([header, ...features.map(cells)], 4),
    `${count(width)} columns of the towers' input; ${amount(layers)} of layers, ${whole}`,
  ];
  return lines.map((line) => `# ${line.trimEnd()}`).join('\n');
}

function cells({ feature, table, sharedWith, values, width }: FeatureSize): string[] {
  const { name, type } = feature;
  const columns = featureColumns(feature).map(({ column }) => oneLine(column));
  const sizes =
    table === null
      ? ['-', '-']
      : sharedWith === null
        ? [numberOr(table.parameters), table.parameters === null ? BY_LOG : byteText(WEIGHT_BYTES * table.parameters)]
        : [`with ${sharedWith}`, '-'];
  const ids = table === null ? ['number', '-'] : [idsText(table), numberOr(table.rows)];
  return [name, type, columns.join(', '), ...ids, count(values), count(width), ...sizes];
}

function idsText({ ids }: TableSize): string {
  switch (ids.kind) {
    case 'vocabulary':
      return ids.maxSize === null ? 'vocabulary' : `vocabulary of ${count(ids.maxSize)} or fewer`;
    case 'hash':
      return `${count(ids.buckets)} buckets`;
    case 'ids':
      return `${count(ids.size)} ids`;
    case 'quantiles':
      return `${count(ids.count)} quantiles`;
  }
}

function numberOr(value: number | null): string {
  return value === null ? BY_LOG : count(value);
}

function amount(parameters: number): string {
  return `${count(parameters)} parameters (${byteText(WEIGHT_BYTES * parameters)})`;
}

/** Text without line ends and other control characters, which would end a comment. */
function oneLine(text: string): string {
  return text.replace(/[\p{Cc}\p{Zl}\p{Zp}\ufeff]+/gu, ' ');
}

/** The sizes as JSON: `null` where the log decides. */
export function sizesJson({ features, ...model }: FeatureSizes) {
  return {
    ...model,
    features: features.map(({ feature, table, sharedWith, values, width }) => ({
      name: feature.name,
      type: feature.type,
      columns: featureColumns(feature).map(({ column }) => column),
      values,
      width,
      table: table && { ...table, bytes: table.parameters === null ? null : WEIGHT_BYTES * table.parameters },
      sharedWith,
    })),
  };
}
