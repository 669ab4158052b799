// The chapter of edges: what every activation owes at any shape, at its usual parameters, and for cotangents of any size.
import fc from 'fast-check';
import {
  cotangent,
  filled,
  finite,
  moderate,
  parametersFor,
  powerOfTwo,
  stretched,
  type Values,
} from '../arbitraries.ts';
import { parametersOf, rowOf } from '../contract.ts';
import { among, ask, each, every, type Inquiry, law, same, within } from '../law.ts';
import type { PortInfo } from '../port.ts';
import { contractDerivativeUlps, exactly, FORMATS, gamma } from '../tolerance.ts';

type Parameters = Readonly<Record<string, number>>;
interface Pulled {
  readonly x: Values;
  readonly dy: Values;
  readonly p: Parameters;
}

function* forward(name: string, x: Values, p: Parameters): Inquiry<readonly number[]> {
  return Array.from((yield* ask(`activation.${name}.forward`, { x, ...p })).tensor('y').data);
}
function* pull(name: string, { x, dy, p }: Pulled): Inquiry<readonly number[]> {
  return Array.from((yield* ask(`activation.${name}.vjp`, { x, dy, ...p })).tensor('dx').data);
}

const elementwise = (port: PortInfo): readonly string[] =>
  each('activation', 'forward', 'vjp')(port).filter((name) => rowOf(name).kind === 'pointwise');
const rowwise = among(['softmax', 'log_softmax'], 'activation', 'forward', 'vjp');

const pulledAt = (
  port: PortInfo,
  name: string,
  shapes: fc.Arbitrary<readonly number[]>,
  value: fc.Arbitrary<number>,
): fc.Arbitrary<Pulled> =>
  fc
    .tuple(shapes, parametersFor(name))
    .chain(([shape, p]) =>
      fc.record({ x: filled(shape, value), dy: filled(shape, cotangent(port.dtype)), p: fc.constant(p) }),
    );

/** Numbers without axes, vectors, matrices, blocks and images, some of them long. */
const anyShape = fc.oneof(
  { withCrossShrink: true },
  { arbitrary: fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 0, maxLength: 4 }), weight: 3 },
  {
    arbitrary: stretched(fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 1, maxLength: 3 })).filter((s) =>
      s.some((n) => n > 8),
    ),
    weight: 1,
  },
);

/** Cut into vectors of at most this many. */
const FEW = 4;
const pieces = (v: Values): readonly Values[] =>
  Array.from({ length: Math.ceil(v.data.length / FEW) }, (_, i) => {
    const data = v.data.slice(i * FEW, (i + 1) * FEW);
    return { shape: [data.length], data };
  });

/** The numbers that people give parameters: the usual slope of leaky ReLU, and what leaves a function as it is or turns it. */
const USUAL = [1 / 100, 1, -1, 2, 1 / 2];

/** m copies of every row, one after the other in the row. */
const copied = (v: Values, m: number): Values => {
  const k = v.shape.at(-1) ?? 1;
  const data = Array.from({ length: v.data.length / k }, (_, r) => {
    const row = v.data.slice(r * k, (r + 1) * k);
    return Array.from({ length: m }, () => row).flat();
  }).flat();
  return { shape: [...v.shape.slice(0, -1), k * m], data };
};

export const edgeLaws = [
  law<Pulled>({
    id: 'activation/any-shape',
    ref: 'A-01, A-02',
    class: 'exact',
    runs: 40,
    says: 'a tensor of any shape is mapped as its numbers are, in vectors of four: value and cotangent, bit for bit',
    subjects: elementwise,
    given: (port, name) => pulledAt(port, name, anyShape, finite(port.dtype)),
    *holds({ x, dy, p }, _port, name) {
      const [y, dx] = [yield* forward(name, x, p), yield* pull(name, { x, dy, p })];
      const [ys, dxs]: [number[], number[]] = [[], []];
      const cotangents = pieces(dy);
      for (const [i, part] of pieces(x).entries()) {
        ys.push(...(yield* forward(name, part, p)));
        dxs.push(...(yield* pull(name, { x: part, dy: cotangents[i] ?? part, p })));
      }
      return every([same('y', y, ys), same('dx', dx, dxs)]);
    },
  }),
  law<Pulled & { readonly by: number }>({
    id: 'activation/cotangent-scaling',
    ref: 'G-07, A-02',
    class: 'power of two',
    runs: 30,
    says: 'cotangents of any size are pulled back alike: 2ᵏ times as large, they give what is 2ᵏ times as large',
    kills: ['tfjs-layers #970'],
    subjects: (port) => [...elementwise(port), ...rowwise(port)],
    given: (port, name) =>
      fc
        .tuple(
          pulledAt(port, name, fc.tuple(fc.integer({ min: 1, max: 4 })), moderate(port.dtype)),
          powerOfTwo(-40, 40),
        )
        .map(([at, by]) => ({ ...at, by })),
    *holds({ by, ...at }, _port, name) {
      const scaled = { ...at, dy: { ...at.dy, data: at.dy.data.map((v) => v * by) } };
      return same(
        `dx for ${by}·dy`,
        yield* pull(name, scaled),
        (yield* pull(name, at)).map((v) => v * by),
      );
    },
  }),
  law<{ readonly x: readonly number[]; readonly value: number; readonly by: number }>({
    id: 'activation/usual-parameters',
    ref: 'A-18, A-19',
    class: 'power of two',
    runs: 60,
    says: 'at the numbers that people give it, a parameter counts like any other: left of 0 values and slopes are in proportion to it, right of 0 they do not depend on it',
    subjects: among(['leaky_relu', 'elu'], 'activation', 'forward', 'vjp'),
    given: (port) =>
      fc.record({
        x: fc.array(moderate(port.dtype), { minLength: 1, maxLength: 4 }),
        value: fc.constantFrom(...USUAL),
        by: fc.constantFrom(2, 1 / 2, 4, -8),
      }),
    *holds({ x: data, value, by }, _port, name) {
      const [parameter = 'slope'] = parametersOf(name);
      const x = { shape: [data.length], data };
      const ones = { shape: [data.length], data: data.map(() => 1) };
      const [a, b] = [{ [parameter]: value }, { [parameter]: value * by }];
      const left = (v: number, i: number): number => ((data[i] ?? 0) < 0 ? v * by : v);
      const off = (all: readonly number[]): readonly number[] => all.filter((_, i) => data[i] !== 0); // at 0 the slope is a convention
      return every([
        same(`y for ${value * by}`, yield* forward(name, x, b), (yield* forward(name, x, a)).map(left)),
        same(
          `slope for ${value * by}`,
          off(yield* pull(name, { x, dy: ones, p: b })),
          off((yield* pull(name, { x, dy: ones, p: a })).map(left)),
        ),
      ]);
    },
  }),
  law<Pulled & { readonly m: number }>({
    id: 'activation/softmax-copies',
    ref: 'A-23',
    class: 'rounding bound',
    runs: 40,
    says: 'the classes of every row m times over have an m-th of their shares each, however many that makes, in tensors of any rank; and one class alone has them all',
    formula: 'softmax(x, …, x) = (s, …, s)/m',
    source: 'Bridle 1990, eq. 10',
    kills: ['dl4j #6039', 'keras #20021'],
    subjects: rowwise,
    given: (port, name) =>
      fc
        .tuple(
          pulledAt(
            port,
            name,
            fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 1, maxLength: 3 }),
            moderate(port.dtype),
          ),
          fc.constantFrom(1, 2, 8),
        )
        .map(([at, m]) => ({ ...at, m })),
    *holds({ x, dy, p, m }, port, name) {
      const k = x.shape.at(-1) ?? 1;
      const rows: { readonly y: readonly number[]; readonly dx: readonly number[] }[] = [];
      for (let r = 0; r < x.data.length / k; r++) {
        const of = (v: Values): Values => ({ shape: [k], data: v.data.slice(r * k, (r + 1) * k) });
        rows.push({ y: yield* forward(name, of(x), p), dx: yield* pull(name, { x: of(x), dy: of(dy), p }) });
      }
      const many = { x: copied(x, m), dy: copied(dy, m), p };
      const [y, dx] = [yield* forward(name, many.x, p), yield* pull(name, many)];
      const { u } = FORMATS[port.dtype];
      const rounded = gamma(2 * k * m + 4 * contractDerivativeUlps(1), u);
      const shares = name === 'softmax';
      const wanted = (all: readonly number[], f: (v: number) => number): readonly number[] =>
        copied({ shape: x.shape, data: all }, m).data.map(f);
      const ys = wanted(
        rows.flatMap((row) => row.y),
        (v) => (shares ? v / m : v - Math.log(m)),
      );
      const dxs = wanted(
        rows.flatMap((row) => row.dx),
        (v) => (shares ? v / m : v),
      );
      const cotangentSize = Math.max(...dy.data.map(Math.abs));
      // logits differ by less than 2⁵, to which the exponentials' relative errors are proportional
      const span = 2 * Math.max(1, ...x.data.map(Math.abs));
      const of = (s: number): number => (shares ? s : 1);
      return every([
        within(
          'y',
          y,
          ys.map(exactly),
          ys.map((v) => rounded * span * (shares ? Math.abs(v) : 1 + Math.abs(v))),
        ),
        within(
          'dx',
          dx,
          dxs.map(exactly),
          ys.map((v) => rounded * span * of(Math.abs(v)) * cotangentSize * (shares ? 2 : 2 * k * m)),
        ),
        ...(k * m === 1
          ? [
              same(
                'one class',
                y,
                y.map(() => (shares ? 1 : 0)),
              ),
            ]
          : []),
      ]);
    },
  }),
];
