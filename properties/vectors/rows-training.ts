// Rows of training: steps over fractions of whole numbers, one step of every published rule, and what no seed decides.
import fc from 'fast-check';
import type { Values } from '../arbitraries.ts';
import type { AnyLayer } from '../args.ts';
import { hyperOf } from '../laws/training.ts';
import { type Batch, type Fit, latticeFits, needsFit } from '../laws/training-cases.ts';
import { exact, expecting } from '../oracle/exact.ts';
import { type RationalTruth, rationalGradients } from '../oracle/rational.ts';
import { published } from '../oracle/training.ts';
import type { PortInfo } from '../port.ts';
import { FORMATS } from '../tolerance.ts';
import { about, plainly } from './case.ts';
import { type Draw, declared, type Question, type Row } from './row.ts';

/** Binary places behind the point that numbers have. */
const places = (all: readonly number[]): number => {
  let p = 0;
  for (const v of all) while (!Number.isInteger(v * 2 ** p)) p++;
  return p;
};
const absolute = (v: Values): Values => ({ shape: v.shape, data: v.data.map(Math.abs) });

/**
 * Loss and gradients of a step, where every partial sum in every order is a number of the format: their sizes added up, over
 * the last place that a product of so many factors has. Null where that is not certain.
 */
const certainly = (
  layers: readonly AnyLayer[],
  params: readonly Values[],
  { x, y }: Batch,
  { digits }: { readonly digits: number },
): RationalTruth | null => {
  const straight = layers.map((l) => (l.type === 'activation' ? { type: 'activation' as const, name: 'identity' } : l));
  const depth = layers.filter((l) => l.type === 'dense').length;
  const last = 2 * depth * places(params.flatMap((p) => p.data)); // x and y are whole
  const sizes = (): readonly number[] => {
    const against = { shape: y.shape, data: y.data.map((v) => -Math.abs(v)) };
    const { loss, output, gradients } = rationalGradients({
      layers: straight,
      params: params.map(absolute),
      x: absolute(x),
      y: against,
    });
    return [loss, ...output, ...gradients.flat()];
  };
  try {
    if (Math.log2(Math.max(1, ...sizes())) + last >= digits) return null;
    return rationalGradients({ layers, params, x, y });
  } catch {
    return null; // some number is none of the format
  }
};

interface Step {
  readonly loss: number;
  readonly params: readonly Values[];
}

/** Plain descent for as many batches as stay exact; none where even the first does not. */
const descended = ({ layers, params, hyper: { lr = 0 }, batches }: Fit, port: PortInfo): readonly Step[] => {
  const steps: Step[] = [];
  let at = params;
  for (const batch of batches) {
    const truth = certainly(layers as readonly AnyLayer[], at, batch, FORMATS[port.dtype]);
    if (truth === null) break;
    const next = at.map((p, i) => ({
      shape: p.shape,
      data: p.data.map((v, j) => v - lr * (truth.gradients[i]?.[j] ?? 0)),
    }));
    const whole = next.every((p, i) =>
      p.data.every((v, j) =>
        exact(v).eq(exact(at[i]?.data[j] ?? 0).minus(exact(lr).times(exact(truth.gradients[i]?.[j] ?? 0)))),
      ),
    );
    if (!whole) break;
    steps.push({ loss: truth.loss, params: next });
    at = next;
  }
  return steps;
};

/** A fit with the steps that are known exactly. */
const trajectories = (port: PortInfo, draw: Draw, count: number): readonly (readonly [Fit, readonly Step[]])[] =>
  [1, 2].flatMap((depth) =>
    draw(latticeFits(port, depth), count).flatMap((f): readonly (readonly [Fit, readonly Step[]])[] => {
      const steps = descended(f, port);
      return steps.length === 0 ? [] : [[{ ...f, batches: f.batches.slice(0, steps.length) }, steps]];
    }),
  );

const knownOf = (steps: readonly Step[]) => ({
  params: plainly(steps.map((s) => s.params)),
  losses: plainly(steps.map((s) => s.loss)),
  final: plainly(steps.at(-1)?.params ?? []),
});

const narrow = (port: PortInfo): fc.Arbitrary<Fit> =>
  latticeFits(port, 1).filter((f) => f.params.every((p) => p.shape.every((n) => n <= 2)));

/** One step of a rule from exact gradients: what it adds is known within the rule's own bound. */
const oneStep = (port: PortInfo, optimizer: string, draw: Draw): readonly Question[] =>
  // rules that work with whole matrices are written out for sides of one and two
  draw(fc.tuple(narrow(port), hyperOf(port, optimizer)), 3).flatMap(([f, hyper]): readonly Question[] => {
    const [batch] = f.batches;
    const truth = batch && certainly(f.layers as readonly AnyLayer[], f.params, batch, FORMATS[port.dtype]);
    if (batch === undefined || truth === null || truth === undefined) return [];
    const gradients = [f.params.map((p, i) => ({ shape: p.shape, data: truth.gradients[i] ?? [] }))];
    const near = published(optimizer, { params: f.params, gradients, hyper }, port.dtype).flat(2);
    if (!near.every((n) => Number.isFinite(n.error))) return [];
    const known = about(
      f.params,
      near.map((n) => expecting(n.value, port.dtype)),
      near.map((n) => n.error),
      port.dtype,
    );
    return [
      {
        args: { ...f, optimizer, hyper, batches: [batch] },
        known: { params: { ...known, value: [known.value] }, losses: plainly([truth.loss]), final: known },
      },
    ];
  });

/** Whole numbers, so many that their mean is exact. */
const validation = (inputs: number, outputs: number): Batch => {
  const of = (n: number, width: number): Values => ({
    shape: [n, width],
    data: Array.from({ length: n * width }, (_, i) => ((i * 5) % 7) - 3),
  });
  return { x: of(4, inputs), y: of(4, outputs) };
};
const powerOfTwo = (n: number): boolean => Number.isInteger(Math.log2(n));

/** The same with a look at other data after every step, which may end it. */
const watched = (port: PortInfo, f: Fit, steps: readonly Step[], early: boolean): Question | null => {
  const [first] = f.batches;
  const [inputs = 1, outputs = 1] = [first?.x.shape[1], first?.y.shape[1]];
  if (!powerOfTwo(outputs)) return null;
  const other = validation(inputs, outputs);
  const seen = steps.map(
    ({ params }) => certainly(f.layers as readonly AnyLayer[], params, other, FORMATS[port.dtype])?.loss,
  );
  const evaluations: number[] = [];
  for (const loss of seen) {
    if (loss === undefined) return null;
    evaluations.push(loss / other.y.data.length);
  }
  const stopAt = early ? Math.min(...evaluations) : -1; // a loss is never negative
  const end = early ? evaluations.indexOf(stopAt) + 1 : evaluations.length;
  return {
    args: { ...f, validation: other, stopAt },
    known: { ...knownOf(steps.slice(0, end)), evaluations: plainly(evaluations.slice(0, end)) },
  };
};

const zeros = (shape: readonly number[], by = 0): Values => ({
  shape,
  data: new Array<number>(shape.reduce((a, b) => a * b, 1)).fill(by),
});

export const trainingRows: readonly Row[] = [
  {
    id: 'vectors/descent',
    says: 'every step of plain descent over fractions of integers without end, where every sum in any order is exact',
    source: 'Rumelhart, Hinton & Williams 1986',
    entries: (port) => needsFit()(port).map(() => 'training.network.fit'),
    asks: (port, _entry, draw) =>
      trajectories(port, draw, 30).map(([f, steps]) => ({ args: { ...f }, known: knownOf(steps) })),
  },
  {
    id: 'vectors/one-step',
    says: 'one step of every published rule from exact gradients, within the bound of the rule',
    source: 'the papers of the rows',
    entries: (port) => needsFit()(port).map(() => 'training.network.fit'),
    asks: (port, _entry, draw) => port.names('optimizer', 'run').flatMap((name) => oneStep(port, name, draw)),
  },
  {
    id: 'vectors/resumed-descent',
    says: 'a training that was written to text and read back goes on as if it had not been',
    entries: declared('training.network.fit_resumed'),
    asks: (port, _entry, draw) =>
      trajectories(port, draw, 20).map(([f, steps], i) => ({
        args: { ...f, at: i % (steps.length + 1) },
        known: knownOf(steps),
      })),
  },
  {
    id: 'vectors/watched-descent',
    says: 'the same with the loss of other data after every step, exact over a power of two of numbers, and the end after the first that is low enough',
    entries: declared('training.network.fit_watched'),
    asks: (port, _entry, draw) =>
      trajectories(port, draw, 30).flatMap(([f, steps], i) => {
        const one = watched(port, f, steps, i % 2 === 0);
        return one === null ? [] : [one];
      }),
  },
  {
    id: 'vectors/exported',
    says: 'a network that was written to text and read back gives the outputs of fractions of integers, exactly',
    entries: declared('training.network.exported_output'),
    asks: (port, _entry, draw) =>
      draw(latticeFits(port, 2), 20).flatMap(({ layers, params, batches: [batch] }): readonly Question[] => {
        const truth = batch && certainly(layers as readonly AnyLayer[], params, batch, FORMATS[port.dtype]);
        if (batch === undefined || truth === null || truth === undefined) return [];
        const y = { shape: batch.y.shape, data: truth.output };
        return [{ args: { layers, params, x: batch.x }, known: { y: plainly(y) } }];
      }),
  },
  {
    id: 'vectors/first-parameters',
    says: 'initializers that draw nothing give zeros, or their gain everywhere; biases are zero',
    entries: declared('training.network.init'),
    asks: (port, _entry, draw) =>
      draw(
        fc.record({
          units: fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 3 }),
          inputs: fc.integer({ min: 1, max: 5 }),
          gain: fc.integer({ min: -8, max: 8 }).map((k) => k / 8),
          seed: fc.nat(1000),
        }),
        20,
      ).map(({ units, inputs, gain, seed }) => ({
        args: {
          layers: units.map((n, i) => ({ type: 'dense', units: n, init: i % 2 === 0 ? 'zeros' : 'constant', gain })),
          inputs,
          seed,
        },
        known: {
          params: plainly(
            units.flatMap((n, i) => [
              zeros(
                [i === 0 ? inputs : (units[i - 1] ?? 1), n],
                port.has('initializer.constant.sample') && i % 2 === 1 ? gain : 0,
              ),
              zeros([n]),
            ]),
          ),
        },
      })),
  },
  {
    id: 'vectors/only-order',
    says: 'one sample has one order, whatever the seed; and behind the last batch there is none',
    entries: declared('training.batches.indices'),
    asks: () =>
      [1, 2, 3, 5].flatMap((epochs) =>
        ([0, 1] as const).flatMap((from) =>
          (['keep', 'drop'] as const).map(
            (last): Question => ({
              args: { samples: 1, size: 1, epochs, seed: 17 * epochs + from, last, from },
              known: { indices: plainly(Array.from({ length: Math.max(0, epochs - from) }, () => [0])) },
            }),
          ),
        ),
      ),
  },
];
