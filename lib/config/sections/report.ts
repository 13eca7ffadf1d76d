import * as z from 'zod';
import { column } from '../value-schemas.ts';
import { camelKeys } from './camel-keys.ts';

/** Schema of the section `report`. */
export const report = z
  .strictObject({
    segments: z
      .array(column)
      .default([])
      .describe('Columns of the log. For each of their frequent values the report shows every AUC separately.'),
  })
  .transform(camelKeys)
  .prefault({})
  .describe("Optional contents of a version's report.");

/** Optional contents of a version's report. */
export interface ReportChoice extends z.output<typeof report> {}
