// The chapter of dropout, first part: what train and eval mode make of given uniforms, forward and backward.
import fc from 'fast-check';
import { dyadic, filled, finite, moderate, powerOfTwo, small, type Values } from '../arbitraries.ts';
import { every, type Law, law, same, type Verdict, within } from '../law.ts';
import { evaluated, type Form, trained } from '../oracle/dropout.ts';
import { expecting, nearest } from '../oracle/exact.ts';
import type { PortInfo } from '../port.ts';
import { FORMATS, roundingBound } from '../tolerance.ts';
import { like } from './cases.ts';
import { alphaDropoutLaws } from './dropout-alpha.ts';
import {
  anyRate,
  type DropoutCase,
  dot,
  dropoutCase,
  dropouts,
  evalOf,
  exactRate,
  formOf,
  orZero,
  train,
  trainVjp,
  visitingLong,
} from './dropout-cases.ts';
import { enumeratedDropoutLaws } from './dropout-masks.ts';
import { sampledDropoutLaws } from './dropout-sampled.ts';

/** Keep probability, its reciprocal, the product: at most three roundings, and none where nothing is rescaled. */
const ROUNDINGS: Readonly<Record<Form, number>> = { inverted: 3, classic: 0 };

/** Rates that layers are given in practice: a fault at one of them alone is a fault. */
const USUAL_RATES = [1 / 10, 1 / 5, 1 / 4, 3 / 10, 2 / 5, 3 / 5, 3 / 4, 4 / 5] as const;

/** Numbers under their uniforms, element by element, against 64 digits. */
const undermask = (
  about: string,
  port: PortInfo,
  form: Form,
  got: readonly number[],
  x: Values,
  { u, dropRate }: DropoutCase,
) => {
  const expected = trained(form, x.data, u.data, dropRate);
  return within(
    `${about}, dropped where u < ${dropRate}`,
    got,
    expected.map((v) => expecting(v, port.dtype)),
    expected.map((v) => (v.isZero() ? 0 : roundingBound(ROUNDINGS[form], Math.abs(nearest(v)), port.dtype))),
  );
};

/** With a keep probability of a power of two, no rounding at all, but what is too large for the format is infinite there. */
const exactly = (port: PortInfo, form: Form, x: Values, { u, dropRate }: DropoutCase): readonly number[] => {
  const { round } = FORMATS[port.dtype];
  return x.data.map((v, i) => ((u.data[i] ?? 0) < dropRate ? 0 : form === 'inverted' ? round(v / (1 - dropRate)) : v));
};

export const dropoutLaws: readonly Law[] = [
  law<DropoutCase>({
    id: 'dropout/rate-zero',
    ref: 'D-01',
    class: 'exact',
    runs: 50,
    says: 'at rate 0 dropout is the identity bit for bit, in train mode for every uniform from 0 on, backward, and in eval mode',
    kills: ['keras #20656'],
    subjects: dropouts('train', 'train_vjp', 'eval'),
    given: (port) => dropoutCase(port, fc.constant(0)),
    *holds(c, _port, layer) {
      const signed = { zeros: 'signed' } as const;
      return every([
        same('y in train mode at rate 0', yield* train(layer, c.x, c.u, 0), c.x.data, signed),
        same('dx at rate 0', yield* trainVjp(layer, c), c.dy.data, signed),
        same('y in eval mode at rate 0', yield* evalOf(layer, c.x, 0), c.x.data, signed),
      ]);
    },
  }),
  law<Pick<DropoutCase, 'x' | 'dropRate'>>({
    id: 'dropout/eval',
    ref: 'D-02',
    class: '64-digit oracle',
    runs: 60,
    says: 'eval mode is the identity bit for bit in the inverted form, and x·(1 − dropRate) in the classic one',
    formula: 'inverted: y = x; classic: y = x·(1 − p)',
    source: 'Srivastava et al. 2014, §4 and §10',
    kills: ['convnetjs #61', 'brain.js dropout.ts', 'tiny-dnn 9d600264', 'retain #1', 'keras #22761'],
    subjects: dropouts('eval'),
    given: (port) => dropoutCase(port, fc.oneof(anyRate(port), fc.constantFrom(1 / 2, 1))),
    *holds({ x, dropRate }, port, layer) {
      const y = yield* evalOf(layer, x, dropRate);
      if (formOf(port, layer) === 'inverted') return same('y in eval mode', y, x.data, { zeros: 'signed' });
      const expected = x.data.map((v) => evaluated('classic', v, dropRate));
      return within(
        `y in eval mode at rate ${dropRate}`,
        y,
        expected.map((v) => expecting(v, port.dtype)),
        expected.map((v) => roundingBound(2, Math.abs(nearest(v)), port.dtype)),
      );
    },
  }),
  law<DropoutCase>({
    id: 'dropout/values',
    ref: 'D-03',
    class: '64-digit oracle',
    runs: 100,
    says: 'in train mode a number is exactly 0 where its own uniform is below the rate, and elsewhere x/(1 − dropRate) (inverted) or x (classic)',
    formula: 'y = 0 where u < p, else x/(1 − p)',
    source: 'Srivastava et al. 2014, §10; three roundings at most',
    kills: ['gorgonia #388', 'theanets #123', 'kaldi #2815'],
    subjects: dropouts('train'),
    given: (port) => {
      const value = orZero(moderate(port.dtype));
      return visitingLong(port, dropoutCase(port, anyRate(port), value), value);
    },
    *holds(c, port, layer) {
      return undermask('y', port, formOf(port, layer), yield* train(layer, c.x, c.u, c.dropRate), c.x, c);
    },
  }),
  law<DropoutCase>({
    id: 'dropout/values-exact',
    ref: 'D-03',
    class: 'power of two',
    runs: 60,
    says: 'where the keep probability is a power of two, train mode is exact for numbers of every size',
    kills: ['theanets #123'],
    subjects: dropouts('train'),
    given: (port) => dropoutCase(port, exactRate),
    *holds(c, port, layer) {
      const y = yield* train(layer, c.x, c.u, c.dropRate);
      return same(`y at rate ${c.dropRate}`, y, exactly(port, formOf(port, layer), c.x, c));
    },
  }),
  law<{ readonly count: number; readonly dropped: number }>({
    id: 'dropout/threshold',
    ref: 'D-04',
    class: 'enumerated',
    runs: 30,
    says: 'of n uniforms spread evenly from 0 on, exactly the first p·n are dropped, at any dyadic rate and at those that people use',
    formula: '#{i : u_i = i/n < p} = ⌈p·n⌉',
    kills: ['gorgonia #399', 'AiDotNet.Tensors #732', 'onnx-tensorrt #106'],
    subjects: dropouts('train'),
    given: () =>
      powerOfTwo(2, 6).chain((count) =>
        fc.record({ count: fc.constant(count), dropped: fc.integer({ min: 0, max: count }) }),
      ),
    *holds({ count, dropped }, _port, layer) {
      const ones = { shape: [count], data: new Array<number>(count).fill(1) };
      const u = { shape: [count], data: ones.data.map((_, i) => i / count) };
      const verdicts: Verdict[] = [];
      for (const rate of [dropped / count, ...USUAL_RATES]) {
        const y = yield* train(layer, ones, u, rate);
        verdicts.push(
          same(
            `which of ${count} are kept at rate ${rate}`,
            y.map((v) => (v === 0 ? 0 : 1)),
            u.data.map((v) => (v < rate ? 0 : 1)),
          ),
        );
      }
      return every(verdicts);
    },
  }),
  law<DropoutCase>({
    id: 'dropout/rate-one',
    ref: 'D-08',
    class: 'exact',
    runs: 40,
    says: 'at rate 1 train mode gives zeros forward and backward, and nothing is NaN; eval mode gives x (inverted) or zeros (classic)',
    kills: ['tinygrad #11322', 'keras #22312'],
    subjects: dropouts('train', 'train_vjp', 'eval'),
    given: (port) => dropoutCase(port, fc.constant(1)),
    *holds(c, port, layer) {
      const zeros = c.x.data.map(() => 0);
      return every([
        same('y in train mode at rate 1', yield* train(layer, c.x, c.u, 1), zeros),
        same('dx at rate 1', yield* trainVjp(layer, c), zeros),
        same(
          'y in eval mode at rate 1',
          yield* evalOf(layer, c.x, 1),
          formOf(port, layer) === 'inverted' ? c.x.data : zeros,
        ),
      ]);
    },
  }),
  law<DropoutCase>({
    id: 'dropout/backward',
    ref: 'D-09',
    class: '64-digit oracle',
    runs: 100,
    says: 'backward uses the mask of the forward pass: the cotangent is exactly 0 where a number was dropped, and rescaled as it was where it was kept, even if it was 0',
    formula: 'dx = 0 where u < p, else dy/(1 − p)',
    kills: ['onnx-tensorrt #106', 'neataptic dropout'],
    subjects: dropouts('train_vjp'),
    given: (port) => {
      const value = orZero(finite(port.dtype));
      return visitingLong(port, dropoutCase(port, fc.oneof(anyRate(port), exactRate), value), value);
    },
    *holds(c, port, layer) {
      return undermask('dx', port, formOf(port, layer), yield* trainVjp(layer, c), c.dy, c);
    },
  }),
  law<DropoutCase & { readonly scale: number; readonly more: Values }>({
    id: 'dropout/linear',
    ref: 'D-10',
    class: 'power of two',
    runs: 60,
    says: 'under given uniforms dropout is linear: doubling x doubles y bit for bit, and the sum of two inputs gives the sum of their outputs',
    formula: 'y(2ᵏ·x) = 2ᵏ·y(x), y(x + x′) = y(x) + y(x′)',
    kills: ['Flux dfacc9c82'],
    subjects: dropouts('train'),
    given: (port) =>
      dropoutCase(port, exactRate, orZero(dyadic)).chain((c) =>
        fc.record({
          x: fc.constant(c.x),
          u: fc.constant(c.u),
          dy: fc.constant(c.dy),
          dropRate: fc.constant(c.dropRate),
          scale: fc.integer({ min: -6, max: 6 }).map((k) => (k % 2 === 0 ? 2 ** k : -(2 ** k))),
          more: filled(c.x.shape, dyadic),
        }),
      ),
    *holds({ x, u, dropRate, scale, more }, _port, layer) {
      const y = yield* train(layer, x, u, dropRate);
      const scaled = like(
        x,
        x.data.map((v) => scale * v),
      );
      const joined = like(
        x,
        x.data.map((v, i) => v + (more.data[i] ?? 0)),
      );
      const other = yield* train(layer, more, u, dropRate);
      return every([
        same(
          `y of ${scale} times x`,
          yield* train(layer, scaled, u, dropRate),
          y.map((v) => scale * v),
        ),
        same(
          'y of a sum',
          yield* train(layer, joined, u, dropRate),
          y.map((v, i) => v + (other[i] ?? 0)),
        ),
      ]);
    },
  }),
  law<DropoutCase & { readonly v: Values }>({
    id: 'dropout/adjoint',
    ref: 'D-18',
    class: 'lattice',
    runs: 60,
    says: 'under a frozen mask the backward pass is the adjoint of the forward pass, exactly',
    formula: '⟨dy, y(v)⟩ = ⟨dx(dy), v⟩',
    subjects: dropouts('train', 'train_vjp'),
    given: (port) =>
      dropoutCase(port, exactRate, small).chain((c) =>
        fc.record({
          x: fc.constant(c.x),
          u: fc.constant(c.u),
          dropRate: fc.constant(c.dropRate),
          dy: filled(c.x.shape, small),
          v: filled(c.x.shape, small),
        }),
      ),
    *holds({ v, ...c }, _port, layer) {
      const y = yield* train(layer, v, c.u, c.dropRate);
      const dx = yield* trainVjp(layer, c);
      return same('⟨dx, v⟩', [dot(dx, v.data)], [dot(c.dy.data, y)]);
    },
  }),
  ...alphaDropoutLaws,
  ...enumeratedDropoutLaws,
  ...sampledDropoutLaws,
];
