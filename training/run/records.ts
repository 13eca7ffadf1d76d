/** What the processes of one training run leave for each other in the bucket, below `_training/<model>/<run id>/`. */
import * as z from 'zod';
import type { GateDecision } from '../../lib/gate/decide.ts';

const FORMAT_VERSION = 1;

const result = z
  .object({
    formatVersion: z.literal(FORMAT_VERSION),
    runId: z.string(),
    model: z.string(),
    status: z.enum(['first', 'promoted', 'refused', 'held']),
    version: z.string(),
    /** The version that was in use; `null` for none. */
    champion: z.string().nullable(),
    reasons: z.array(z.string()).readonly(),
    seconds: z.number(),
  })
  .readonly();

/** What settling a decision looks at; the window and the figures are only copied into the model's history. */
const decision = z.looseObject({
  verdict: z.enum(['first', 'promoted', 'refused', 'held']),
  reasons: z.array(z.string()),
  champion: z.string().nullable(),
  championEtag: z.string().nullable(),
  figures: z.looseObject({}),
});

const conclusion = z
  .object({
    version: z.string(),
    at: z.iso.datetime(),
    /** Rows of the log. */
    rows: z.number().int().nonnegative(),
    decision: z.custom<GateDecision>((value) => decision.safeParse(value).success, 'expected a decision of the gate'),
  })
  .readonly();

const window = z.object({ until: z.iso.date() }).readonly();

/** `result.json`: written last, and only by a run that came to a decision. */
export type RunResult = z.infer<typeof result>;

/**
 * `conclusion.json`: what is left to do once a version is published. A run that is ended there, and started again,
 * settles it.
 */
export type Conclusion = z.infer<typeof conclusion>;

/** What each record must be. */
export const RUN_RECORD_KINDS = {
  result: { formatVersion: FORMAT_VERSION, schema: result },
  conclusion: { schema: conclusion },
  /** `window.json`: the last day of the data window that the run began with. */
  window: { schema: window },
} as const;
