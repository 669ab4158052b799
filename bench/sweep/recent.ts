// A store of what was made last: compiled steps, trials and starts that the next run may ask for again.

const stores = new Map<string, Map<string, unknown>>();

/** What was made under this key, or made now; of every kind the `most` that were asked for last are kept. */
export const recent = <V>(kind: string, most: number, key: string, make: () => V): V => {
  const store = stores.get(kind) ?? new Map<string, unknown>();
  stores.set(kind, store);
  const value = (store.has(key) ? store.get(key) : make()) as V; // a kind is used with one type of value
  store.delete(key);
  store.set(key, value); // behind all others, as the latest
  for (const old of store.keys()) {
    if (store.size <= most) break;
    store.delete(old);
  }
  return value;
};
