// Work that is done side by side, and results that are taken one after another.

/** Hands what a call has waited for to `take` in the order of the calls, whichever was ready first. */
export type InOrder = <T, R>(ready: Promise<T>, take: (value: T) => Promise<R>) => Promise<R>;

export function createOrder(): InOrder {
  let last: Promise<unknown> = Promise.resolve();
  return (ready, take) => {
    const before = last;
    const taken = Promise.all([ready, before]).then(([value]) => take(value));
    last = taken.catch(() => before);
    return taken;
  };
}
