// Rows of what works number by number: the special values of every format, all in one tensor, and draws that are none.
import fc from 'fast-check';

import { parametersFor } from '../arbitraries.ts';
import { rowOf } from '../contract.ts';
import { elementwise, truthAt } from '../laws/activation.ts';
import { ENDS, KINKS } from '../oracle/elements.ts';
import { expecting } from '../oracle/exact.ts';
import type { Dtype } from '../port.ts';
import { contractUlps, type Expected, exactly, FORMATS, nextDown, nextUp, ulpsAt } from '../tolerance.ts';
import { about, plainly } from './case.ts';
import { declared, nameIn, type Row } from './row.ts';

/** Where exponentials end, formulas change and numbers stop to have all their digits; either sign of each. */
const edges = (dtype: Dtype): readonly number[] => {
  const { tiny, minExponent, max, u } = FORMATS[dtype];
  const least = 2 ** minExponent;
  const positive = [
    0,
    tiny,
    3 * tiny,
    nextDown(least, dtype),
    least,
    u,
    1 - u,
    1,
    17,
    37,
    41,
    89,
    104,
    709,
    710,
    745,
    746,
    1000,
    max,
  ];
  return positive.flatMap((x) => [x, -x].map(FORMATS[dtype].round));
};

const shape = fc.tuple(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 4 }));
const gains = fc.integer({ min: -16, max: 16 }).map((k) => k / 8);

export const elementRows: readonly Row[] = [
  {
    id: 'vectors/special-values',
    says: 'NaN gives NaN; infinities give the limits; zeros of either sign, subnormal numbers, kinks and the numbers beside them, and tails as far as the format goes give the 64-digit value',
    entries: (port) => elementwise('forward')(port).map((name) => `activation.${name}.forward`),
    asks: (port, entry, draw) => {
      const { dtype } = port;
      const name = nameIn(entry);
      const { ulp } = rowOf(name);
      const kinks = (KINKS[name] ?? []).flatMap((k) => [nextDown(k, dtype), k, nextUp(k, dtype)]);
      const data = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, ...edges(dtype), ...kinks];
      const x = { shape: [data.length], data };
      return draw(parametersFor(name), 3).map((p) => {
        const positive = Object.fromEntries(Object.entries(p).map(([key, v]) => [key, Math.abs(v)])); // what the limits are for
        const [low = 0, high = 0] = ENDS[name]?.(positive) ?? [];
        const truth = (v: number): Expected =>
          Number.isNaN(v)
            ? exactly(v)
            : Number.isFinite(v)
              ? expecting(truthAt(name, v, positive).value, dtype)
              : exactly(v < 0 ? low : high);
        const all = data.map(truth);
        const allowed = all.map((e, i) =>
          Number.isNaN(e.value) || (ulp === 0 && !Number.isFinite(data[i]))
            ? 0
            : ulpsAt(contractUlps(ulp), e.value, dtype),
        );
        return { args: { x, ...positive }, known: { y: about(x, all, allowed, dtype) } };
      });
    },
  },
  {
    id: 'vectors/no-gain',
    says: 'a gain of 0 gives weights that are 0, whatever the seed and the uniforms; zeros are zeros and constants their gain at any',
    entries: (port) =>
      ['sample', 'from_uniforms'].flatMap((call) =>
        port.names('initializer', call).map((name) => `initializer.${name}.${call}`),
      ),
    asks: (_port, entry, draw) => {
      const own = nameIn(entry);
      const always = own === 'zeros' || own === 'constant';
      return draw(fc.record({ shape, seed: fc.nat(1000), gain: always ? gains : fc.constant(0) }), 6).map((c) => {
        const [fanIn, fanOut] = c.shape;
        const size = fanIn * fanOut;
        const fans = { fanIn, fanOut, gain: c.gain };
        const w = { shape: c.shape, data: new Array<number>(size).fill(own === 'constant' ? c.gain : 0) };
        const u = { shape: c.shape, data: Array.from({ length: size }, (_, i) => (i + 1 / 2) / size) };
        return {
          args: entry.endsWith('.sample') ? { shape: c.shape, seed: c.seed, ...fans } : { u, ...fans },
          known: { w: plainly(w) },
        };
      });
    },
  },
  {
    id: 'vectors/threshold',
    says: 'a uniform below p gives 1, any other 0, the numbers next to p included',
    entries: declared('random.bernoulli.from_uniforms'),
    asks: ({ dtype }, _entry, draw) =>
      draw(
        fc.tuple(fc.integer({ min: 1, max: 63 }), fc.array(fc.integer({ min: 1, max: 2 ** 20 - 1 }), { maxLength: 6 })),
        12,
      ).map(([k, others]) => {
        const p = k / 64;
        const u = [nextDown(p, dtype), p, nextUp(p, dtype), ...others.map((n) => n / 2 ** 20)];
        const tensor = (data: readonly number[]) => ({ shape: [data.length], data });
        return { args: { u: tensor(u), p }, known: { values: plainly(tensor(u.map((v) => Number(v < p)))) } };
      }),
  },
];
