import { type EncodedChunk, idWords, isEmbedded } from '../../table/encoded.ts';
import { type Encoder, embeddingTable } from '../../table/encoder.ts';
import { firstId, idSourceKind } from '../../table/kinds/id-sources.ts';

/** Counts, over chunks, the values of each feature that the encoder put into an unknown bucket. */
export class UnknownIds {
  readonly #features: readonly { readonly name: string; readonly first: number }[];
  readonly #counts = new Map<string, { values: number; unknown: number }>();

  constructor(encoder: Encoder) {
    this.#features = encoder.inputs.flatMap((input) => {
      if (!isEmbedded(input)) return [];
      const { ids } = embeddingTable(encoder, input.table);
      return idSourceKind(ids).hasUnknown ? [{ name: input.name, first: firstId(ids) }] : [];
    });
  }

  add({ ids }: Pick<EncodedChunk, 'ids'>): void {
    for (const { name, first } of this.#features) {
      const count = this.#counts.get(name) ?? { values: 0, unknown: 0 };
      const words = idWords(ids[name] as BigInt64Array);
      for (let at = 0; at < words.length; at += 2) {
        const id = words[at] as number;
        // 0 is missing, and pads a bag.
        if (id === 0) continue;
        count.values++;
        if (id < first) count.unknown++;
      }
      this.#counts.set(name, count);
    }
  }

  /** Share of the values by feature; features without any value are left out. */
  shares(): Record<string, number> {
    const seen = [...this.#counts].filter(([, { values }]) => values > 0);
    return Object.fromEntries(seen.map(([name, { values, unknown }]) => [name, unknown / values]));
  }
}
