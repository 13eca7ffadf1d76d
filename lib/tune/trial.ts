/** Trials: what they tried, and how they ended. */
import * as z from 'zod';

const value = z.union([z.number(), z.array(z.number()).readonly()]);

/** Schema of a trial in `tune.json`. */
export const trialSchema = z
  .object({
    /** From 1; the first one has the declared settings. */
    number: z.number().int().positive(),
    /** The settings by name, as they are written in the file. */
    settings: z.record(z.string(), value).readonly(),
    /** `stopped` by the median rule; `failed` if it could not be trained, with the reason in `why`. */
    outcome: z.enum(['finished', 'stopped', 'failed']),
    why: z.string().nullable(),
    /** Best validation loss, by what training stops by, summed over networks; `null` if it failed. */
    loss: z.number().nullable(),
    /** The networks that were trained, the last one in part if the trial was stopped. */
    networks: z
      .array(
        z
          .object({
            name: z.string().nullable(),
            bestEpoch: z.number().int().positive(),
            /** What training stops by, by epoch. */
            losses: z.array(z.number()).readonly(),
            /** AUC on the validation rows in the best epoch, by output. */
            auc: z.record(z.string(), z.number().nullable()).readonly(),
          })
          .readonly(),
      )
      .readonly(),
    seconds: z.number().nonnegative(),
  })
  .readonly();

/** A trial that has ended. */
export type Trial = z.infer<typeof trialSchema>;

/** A network of a trial. */
export type TrialNetwork = Trial['networks'][number];

/** Returns the best of the trials that were trained to their end: that of least loss, of equal ones the first. */
export function bestTrial(trials: readonly Trial[]): Trial | null {
  return ranked(trials).find(({ outcome }) => outcome === 'finished') ?? null;
}

/** Returns the trials from the best to the worst: those trained to their end, then those stopped, then those that failed. */
export function ranked(trials: readonly Trial[]): Trial[] {
  const order = { finished: 0, stopped: 1, failed: 2 } as const;
  return trials.toSorted(
    (a, b) => order[a.outcome] - order[b.outcome] || (a.loss ?? 0) - (b.loss ?? 0) || a.number - b.number,
  );
}
