// Rows of models: what is refused, penalised losses on a lattice, weights under a constraint, and signals that can be added up exactly.
import fc from 'fast-check';
import { extent, filled, moderate, type NetworkCase, small, type Values } from '../arbitraries.ts';
import { lattice } from '../laws/cases.ts';
import { exactStrengths, fitted, stack } from '../laws/regularisation-cases.ts';
import { anyNetwork } from '../networks.ts';
import { expecting, nearest } from '../oracle/exact.ts';
import { penaltySlope, penaltyValue, projected } from '../oracle/penalty.ts';
import { rationalGradients } from '../oracle/rational.ts';
import type { PortInfo } from '../port.ts';
import { roundingBound } from '../tolerance.ts';
import { about, type Known, plainly } from './case.ts';
import { declared, nameIn, type Question, type Row } from './row.ts';

const scalar = (v: number) => ({ shape: [], data: [v] });
const ones = (shape: readonly number[]): Values => ({
  shape,
  data: new Array<number>(shape.reduce((a, b) => a * b, 1)).fill(1),
});

/** What a network is asked with, and whether it fits. */
const misfits = ({ direction: _, ...c }: NetworkCase): readonly Question[] => {
  const [n = 1, d = 1] = c.x.shape;
  const m = c.y.shape[1] ?? 1;
  const asked = (refused: boolean, changed: Partial<NetworkCase>): Question => ({
    args: { ...c, ...changed },
    known: { refused: plainly(refused) },
  });
  return [
    asked(false, {}),
    asked(true, { x: ones([n, d + 1]) }),
    asked(true, { y: ones([n, m + 1]) }),
    asked(true, { y: ones([n + 1, m]) }),
    asked(true, { params: c.params.slice(0, -1) }),
    asked(true, { params: c.params.map((p, i) => (i === 0 ? ones([1, ...p.shape]) : p)) }),
    asked(true, { params: c.params.map((p, i) => (i === 0 ? ones(p.shape.map((k) => k + 1)) : p)) }),
  ];
};

/** A dense layer without activation, its mean squared error, and a penalty: exact for small whole numbers. */
const penalisedQuestion = (
  { conventions: { l2, regulariseBias } }: PortInfo,
  c: ReturnType<typeof fitted> extends fc.Arbitrary<infer F> ? F : never,
  h: { readonly l1?: number; readonly l2?: number },
): Question => {
  const layers = [{ type: 'dense' as const, units: c.b.data.length }];
  const truth = rationalGradients({ layers, params: [c.w, c.b], x: c.x, y: c.y });
  const share = c.reduction === 'mean' ? c.y.data.length : 1; // a power of two
  const [dw = [], db = []] = truth.gradients.map((g) => g.map((v) => v / share));
  const penalty =
    nearest(penaltyValue(c.w.data, h, l2)) + (regulariseBias ? nearest(penaltyValue(c.b.data, h, l2)) : 0);
  const plus = (g: readonly number[], w: Values, on: boolean): Known =>
    plainly({ shape: w.shape, data: g.map((v, i) => v + (on ? nearest(penaltySlope(w.data[i] ?? 0, h, l2)) : 0)) });
  return {
    args: { ...c, ...h },
    known: {
      loss: plainly(scalar(truth.loss / share + penalty)),
      dw: plus(dw, c.w, true),
      db: plus(db, c.b, regulariseBias),
    },
  };
};

/** Squares, their sum, a root, a quotient and a product, of weights far from every end of the range. */
const PROJECTION = 6;

const columnsOf = ({ shape: [n = 0, m = 0], data }: Values): readonly (readonly number[])[] =>
  Array.from({ length: m }, (_, j) => Array.from({ length: n }, (_2, i) => data[i * m + j] ?? 0));

/** w₁, b₁ … with the weights into each unit under the limit, as far as it is plain which are above it. */
const constrained = ({ dtype }: PortInfo, params: readonly Values[], limit: number): Question | null => {
  const known = params.map((p, k) => {
    if (k % 2 === 1)
      return {
        all: p.data.map((v) => expecting(projected([v], Math.abs(v))[0] as never, dtype)),
        off: p.data.map(() => 0),
      };
    const columns = columnsOf(p).map((c) => ({ c, by: projected(c, limit), off: c.length + PROJECTION }));
    const norms = columns.map(({ c }) => Math.hypot(...c));
    if (norms.some((s, j) => Math.abs(s - limit) <= roundingBound(columns[j]?.off ?? 0, limit, dtype))) return null;
    const m = columns.length;
    const at = (i: number) => ({ j: i % m, r: Math.floor(i / m) });
    return {
      all: p.data.map((_, i) => expecting(columns[at(i).j]?.by[at(i).r] as never, dtype)), // as many as there are weights
      off: p.data.map((v, i) =>
        (norms[at(i).j] ?? 0) > limit
          ? roundingBound(columns[at(i).j]?.off ?? 0, Math.min(Math.abs(v), limit), dtype)
          : 0,
      ),
    };
  });
  if (known.some((k) => k === null)) return null;
  return {
    args: { params, limit },
    known: {
      params: about(
        params,
        known.flatMap((k) => k?.all ?? []),
        known.flatMap((k) => k?.off ?? []),
        dtype,
      ),
    },
  };
};

/** Layers of whole numbers, 2ᵏ samples and 2ᵏ units: means and variances of all numbers that leave a layer are exact. */
const counted = fc
  .tuple(fc.constantFrom(1, 2, 4), extent(3), fc.constantFrom(1, 2, 4), fc.constantFrom(1, 2, 4))
  .chain(([n, inputs, hidden, outputs]) =>
    fc.record({
      x: filled([n, inputs], small),
      params: fc.tuple(
        filled([inputs, hidden], small),
        filled([hidden], small),
        filled([hidden, outputs], small),
        filled([outputs], small),
      ),
      layers: fc.constant([
        { type: 'dense' as const, units: hidden },
        { type: 'activation' as const, name: 'relu' },
        { type: 'dense' as const, units: outputs },
      ]),
    }),
  );

const moments = (all: readonly number[]): readonly [number, number] => {
  const mean = all.reduce((a, b) => a + b, 0) / all.length;
  return [mean, all.reduce((a, b) => a + (b - mean) ** 2, 0) / all.length];
};

export const modelRows: readonly Row[] = [
  {
    id: 'vectors/refuses',
    says: 'data and parameters that do not fit are refused, those that fit are not',
    entries: declared('model.network.refuses'),
    asks: (port, _entry, draw) => draw(anyNetwork(port), 12).flatMap(misfits),
  },
  {
    id: 'vectors/penalised-loss',
    says: 'loss and gradients of a dense layer as fractions of whole numbers, and what the penalty adds, exactly',
    entries: (port) => port.names('regulariser', 'loss_and_grad').map((name) => `regulariser.${name}.loss_and_grad`),
    asks: (port, entry, draw) =>
      draw(fc.tuple(fitted(), exactStrengths(nameIn(entry))), 20).map(([c, h]) => penalisedQuestion(port, c, h)),
  },
  {
    id: 'vectors/constraint',
    says: 'weights into each unit scaled back to a norm of at most limit at 64 digits; biases stay bit for bit',
    source: 'Srivastava et al. 2014, §5.1',
    entries: declared('regulariser.max_norm.constrain'),
    asks: (port, _entry, draw) =>
      draw(fc.tuple(stack(moderate(port.dtype)), fc.integer({ min: 1, max: 40 })), 24).flatMap(([params, k]) => {
        const one = constrained(port, params, k / 8);
        return one === null ? [] : [one];
      }),
  },
  {
    id: 'vectors/signals',
    says: 'mean and variance of what leaves each layer, over whole numbers whose count is a power of two: exact in any order',
    entries: declared('diagnosis.network.signals'),
    asks: (_port, _entry, draw) =>
      draw(counted, 20).map((c) => {
        const outputs = c.layers.map((_, i) => {
          const layers = c.layers.slice(0, i + 1);
          const width = layers.flatMap((l) => (l.type === 'dense' ? [l.units] : [])).at(-1) ?? 1;
          const y = { shape: [c.x.shape[0] ?? 1, width], data: new Array<number>((c.x.shape[0] ?? 1) * width).fill(0) };
          return moments(rationalGradients({ layers, params: c.params, x: c.x, y }).output);
        });
        return {
          args: { ...c },
          known: {
            means: plainly(outputs.map(([m]) => m)),
            variances: plainly(outputs.map(([, v]) => v)),
            saturated: plainly([0]), // a rectifier never is
          },
        };
      }),
  },
  {
    id: 'vectors/verdicts',
    says: 'along a linear chain of weights 2ᵏ the slope over that at the output is a product of powers of two, and the verdict follows from 1/1000 and 1000',
    source: 'Hochreiter 1991',
    entries: declared('diagnosis.network.slopes'),
    asks: (_port, _entry, draw) =>
      draw(fc.array(fc.integer({ min: -8, max: 8 }), { minLength: 1, maxLength: 4 }), 20).map((exponents) => {
        const behind = exponents.map((_, i) => 2 ** exponents.slice(i).reduce((a, b) => a + b, 0));
        const ratios = behind.flatMap((r, i) => (i < behind.length - 1 ? [r, behind[i + 1] ?? 1] : [r]));
        const dense = { type: 'dense', units: 1 };
        const one = (v: number): Values => ({ shape: [1, 1], data: [v] });
        return {
          args: {
            layers: exponents.flatMap((_, i) =>
              i === 0 ? [dense] : [{ type: 'activation', name: 'identity' }, dense],
            ),
            loss: 'mse',
            reduction: 'sum',
            params: exponents.flatMap((k) => [one(2 ** k), { shape: [1], data: [0] }]),
            x: one(2),
            y: one(3),
          },
          known: {
            ratios: plainly(ratios),
            verdicts: plainly(ratios.map((r) => (r < 1 / 1000 ? 'vanishing' : r > 1000 ? 'exploding' : 'healthy'))),
          },
        };
      }),
  },
  {
    id: 'vectors/lattice-forward',
    says: 'outputs of small networks of whole numbers as fractions of integers without end, exactly',
    entries: declared('model.network.forward'),
    asks: (port, _entry, draw) =>
      draw(lattice(port, 2), 20).flatMap(({ layers, params, x, y }, i): readonly Question[] => {
        const { output } = rationalGradients({ layers, params, x, y });
        const mode = i % 2 === 0 ? 'train' : 'eval';
        return [{ args: { layers, params, x, mode }, known: { output: plainly({ shape: y.shape, data: output }) } }];
      }),
  },
];
