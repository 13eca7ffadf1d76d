/**
 * Preloaded, it sets the process's clock two years back, and ten more once `CLOCK_GOES_BACK_AFTER_MS` are over: to all
 * that asks JavaScript for the time. Timers and the steady clock go on as they do where a machine's clock is set.
 */
const YEAR_MS = 365 * 86_400_000;
const after = Number(process.env.CLOCK_GOES_BACK_AFTER_MS ?? Number.POSITIVE_INFINITY);
const RealDate = Date;

function wrongNow(): number {
  return RealDate.now() - (performance.now() < after ? 2 : 12) * YEAR_MS;
}

globalThis.Date = new Proxy(RealDate, {
  construct: (target, args, newTarget) => Reflect.construct(target, args.length === 0 ? [wrongNow()] : args, newTarget),
  get: (target, name) => (name === 'now' ? wrongNow : Reflect.get(target, name)),
});
