/** What a synthetic log has, as text for people. */
import { count, countOf, percent, precise } from '../../lib/numbers/text.ts';
import { DECLARATION_FILE, LOG_FOLDER, type SynthTruth } from '../../lib/synth/write-log.ts';

/** Returns what was written, and what is true of it. */
export function formatTruth({ options, seen }: SynthTruth, out: string): string {
  const { rows, clicks, conversions, conversionsLater, means, files } = seen;
  const later = options.delay === null ? [] : [`${countOf(conversionsLater, 'conversion')} later than its end`];
  const rate = conversions + conversionsLater === 0 ? 0 : (conversions + conversionsLater) / clicks;
  const { true_pctr: pctr, true_pcvr: pcvr, true_pcvr_do: forced } = means;
  return [
    `${[
      countOf(rows, 'row'),
      `${count(clicks)} clicks (${percent(clicks / rows)})`,
      `${count(conversions)} conversions in the log`,
      ...later,
    ].join(
      ', ',
    )}${conversionsLater > 0 ? ` (${percent(rate)} of the clicks in all)` : ` (${percent(rate)} of the clicks)`}`,
    `true pctr ${precise(pctr.all)}; true pcvr ${precise(pcvr.all)} over all rows, ${precise(pcvr.clicked)} over clicked ones`,
    options.hiddenBias === 0
      ? 'no hidden bias: the pcvr of rows that are made clicked is the same'
      : `of rows that are made clicked, whatever their cause: ${precise(forced.all)} over all rows, ${precise(forced.clicked)} over clicked ones`,
    `written: ${countOf(files, 'file')} in ${out}/${LOG_FOLDER}, ${out}/${DECLARATION_FILE} and ${out}/truth.json`,
    `next: entirespace compare ${out}/${DECLARATION_FILE} --data ${out}/${LOG_FOLDER} --models esmm,base`,
  ].join('\n');
}
