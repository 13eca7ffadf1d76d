import * as z from 'zod';
import { DATA_FORMATS } from '../../contract/bucket.ts';
import type { CandidatePlan } from '../../table/candidates/plan.ts';

const count = z.number().int().nonnegative();

const column = z
  .object({ name: z.string(), type: z.string(), bounds: z.tuple([z.number(), z.number()]).readonly().exactOptional() })
  .readonly();

const shard = z
  .object({
    index: count,
    firstRow: count,
    rows: count,
    bytes: z.object({ start: count, end: count }).readonly().exactOptional(),
    piece: z.string().exactOptional(),
    isClean: z.literal(true).exactOptional(),
  })
  .readonly();

const pinnedTable = z.object({ entity: z.string(), manifestKey: z.string(), versionId: z.string() }).readonly();

/** How a candidate file was cut, as plans keep it. */
export const candidatePlan: z.ZodType<CandidatePlan, CandidatePlan> = z
  .object({
    format: z.enum(DATA_FORMATS),
    columns: z.array(column).readonly(),
    size: count,
    rows: count,
    dialect: z
      .object({
        delimiter: z.string(),
        quote: z.string().nullable(),
        escaping: z.string().nullable(),
        escapesIn: z.enum(['quotes', 'fields']),
        lineEnd: z.enum(['lf', 'cr']),
        header: z.array(z.string()).readonly(),
        bodyStart: count,
      })
      .readonly()
      .nullable(),
    shards: z.array(shard).readonly(),
    notes: z.array(z.string()).readonly(),
    featureTables: z.array(pinnedTable).readonly().exactOptional(),
  })
  .readonly();
