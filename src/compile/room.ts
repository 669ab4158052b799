// Room for values that live for a while: the lowest addresses that are free all the time, found without asking every other value.

/** Stretches of addresses that are taken: in order, and apart. */
interface Stretches {
  readonly from: number[];
  readonly to: number[];
}
/** The first place in a list in ascending order where a number is larger. */
const firstAbove = (list: readonly number[], x: number): number => {
  let [low, high] = [0, list.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((list[middle] as number) > x)
      high = middle; // in range
    else low = middle + 1;
  }
  return low;
};
/** Where a stretch ends that meets so many bytes from an address on; the address itself where none does. */
const behind = ({ from, to }: Stretches, at: number, bytes: number): number => {
  const i = firstAbove(to, at);
  return (from[i] ?? Number.POSITIVE_INFINITY) < at + bytes ? (to[i] as number) : at; // as many ends as beginnings
};
/** Takes addresses, of which some may be taken. */
const take = ({ from, to }: Stretches, low: number, high: number): void => {
  // neighbours that touch become one stretch, which keeps lists short
  const [i, j] = [firstAbove(to, low - 1), firstAbove(from, high)];
  const merged = i < j ? [Math.min(low, from[i] as number), Math.max(high, to[j - 1] as number)] : [low, high]; // in range
  from.splice(i, j - i, merged[0] as number); // it has two
  to.splice(i, j - i, merged[1] as number);
};

/**
 * Rooms over times 0 … `times` − 1, in a tree of spans of time: each knows the addresses that are taken throughout, and those that
 * are taken at some time in it.
 */
export const roomsOver = (times: number): ((from: number, to: number, bytes: number, lowest: number) => number) => {
  const make = (): Stretches => ({ from: [], to: [] });
  const throughout = new Map<number, Stretches>();
  const sometime = new Map<number, Stretches>();
  const of = (all: Map<number, Stretches>, span: number): Stretches => {
    const known = all.get(span) ?? make();
    all.set(span, known);
    return known;
  };
  /** Spans that a life is made of, and spans that it is a part of. */
  const visit = (from: number, to: number, see: (span: number, whole: boolean) => void): void => {
    const down = (span: number, first: number, last: number): void => {
      if (to < first || last < from) return;
      const whole = from <= first && last <= to;
      see(span, whole);
      if (whole) return;
      const middle = (first + last) >> 1;
      down(2 * span, first, middle);
      down(2 * span + 1, middle + 1, last);
    };
    down(1, 0, Math.max(0, times - 1));
  };
  /** The lowest address from which on so many bytes are free from a time to another, which are taken then. */
  return (from, to, bytes, lowest) => {
    const taken: Stretches[] = [];
    visit(from, to, (span, whole) => taken.push(of(whole ? sometime : throughout, span)));
    let at = lowest;
    for (let before = -1; before !== at; ) {
      before = at;
      for (const stretches of taken) at = behind(stretches, at, bytes);
    }
    if (bytes > 0)
      visit(from, to, (span, whole) => {
        take(of(sometime, span), at, at + bytes);
        if (whole) take(of(throughout, span), at, at + bytes);
      });
    return at;
  };
};
