/** A measured number, or the plain reason why there is none. */
export type Metric = { readonly value: number } | { readonly value: null; readonly reason: string };

/** The metric of this value. */
export function measured(value: number): Metric {
  return { value };
}

/** A metric that these rows do not define. */
export function undefinedMetric(reason: string): Metric {
  return { value: null, reason };
}
