/** Logs whose rows fall into cells of known click and conversion rates, and what a model learns of each cell. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseDeclaration } from '../../lib/config/parse-declaration.ts';
import { permutation, randomStream } from '../../lib/numbers/random.ts';
import { withLog } from '../../lib/table/open-log.ts';
import { type TrainedModel, trainOn } from '../../lib/training/train.ts';

/** Rows of one kind: so many, of which exactly this share is clicked, and of these this share converts. */
export interface Cell {
  readonly rows: number;
  /** Share of the rows that are clicked. */
  readonly click: number;
  /** Share of the clicked rows that convert. */
  readonly conversion: number;
}

/** The model of a declaration, and what else differs from that of the cells. */
export interface CellTraining {
  /** Members of `model`. */
  readonly model: string;
  /** @default 256 */
  readonly batchSize?: number;
  /** More members of `training`. */
  readonly training?: string;
}

/** What a model predicts in each cell, and the model. */
export interface TrainedCells {
  readonly predictions: readonly Readonly<Record<'pctr' | 'pcvr' | 'pctcvr', number>>[];
  readonly trained: TrainedModel;
}

const TEST_ROWS = 100;

/**
 * CSV with the cell of each row, and a `noise` that tells nothing. The training and the validation part have all rows of the cells, in random order; the
 * test part, which comes last, has a hundred rows of each, cell by cell.
 */
export function cellsLog(cells: readonly Cell[]): string {
  const linesOf = (part: string, rowsOf: (cell: Cell) => number) =>
    cells.flatMap((cell, index) => {
      const rows = rowsOf(cell);
      const [clicks, conversions] = [rows * cell.click, rows * cell.click * cell.conversion].map(Math.round);
      return Array.from({ length: rows }, (_, i) =>
        [part, `c${index}`, `n${i % 3}`, Number(i < (clicks as number)), Number(i < (conversions as number))].join(','),
      );
    });
  const lines = [...linesOf('train', ({ rows }) => rows), ...linesOf('validation', ({ rows }) => rows)];
  const order = permutation(lines.length, randomStream(1, 'cells'));
  const all = [...Array.from(order, (place) => lines[place]), ...linesOf('test', () => TEST_ROWS)];
  return `row,part,cell,noise,clicked,bought\n${all.map((line, row) => `${row},${line}\n`).join('')}`;
}

/** Trains on the cells' log, in a folder that it makes, and returns what the published file predicts. */
export async function trainCells(
  folder: string,
  cells: readonly Cell[],
  { model, batchSize = 256, training = '' }: CellTraining,
): Promise<TrainedCells> {
  const declarationText = `name: cells
stages: { click: { label: clicked }, conversion: { label: bought } }
log: { keys: [row] }
split: { column: part, train: [train], validation: [validation], test: [test] }
features: { cell: { type: category, entity: item, dimension: 4 } }
model: { hidden_units: [8], ${model} }
training: { batch_size: ${batchSize}, epochs: 12, patience: null, learning_rate: 0.02, learning_rate_decay: linear${training && `, ${training}`} }
`;
  await mkdir(folder);
  const [dataPath, scratch] = [join(folder, 'log.csv'), join(folder, 'scratch')];
  await mkdir(scratch);
  await writeFile(dataPath, cellsLog(cells));
  const declaration = parseDeclaration(declarationText, 'cells.yaml');
  const options = { declaration, declarationText, dataPath, scratch, threads: 1, memoryLimitMiB: 512 };
  return withLog(options, async (opened) => {
    const { trained, heldOut } = await trainOn(opened, options);
    const { pctr, pcvr, pctcvr } = heldOut.probabilities as Record<'pctr' | 'pcvr' | 'pctcvr', Float32Array>;
    const predictions = cells.map((_, cell) => {
      const row = cell * TEST_ROWS;
      return { pctr: pctr[row] as number, pcvr: pcvr[row] as number, pctcvr: pctcvr[row] as number };
    });
    return { predictions, trained };
  });
}
