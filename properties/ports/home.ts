// The built-in engine as a port: every contract entry, straight from the tables.
import {
  ACTIVATIONS,
  dense,
  fitPerceptron,
  fromOneUniform,
  fromUniforms,
  gradOf,
  type Hyper,
  INITIALIZERS,
  initializerRow,
  keyOf,
  type Lang,
  LOSSES,
  lookup,
  lossAndGrad,
  lossOf,
  lossRow,
  modelOf,
  type Named,
  normal,
  OP_NAMES,
  OPTIMIZERS,
  type OpName,
  ops,
  optimizerOf,
  type Program,
  pullback,
  ROWS,
  SCHEDULES,
  sample,
  scalar,
  scheduleOf,
  Tensor,
  threefry,
  uniform,
  vjp,
} from '../../src/index.ts';
import type { Equation, FitArgs, GraphArgs, LossArgs, ModelArgs, RunArgs, SampleArgs, UniformsArgs } from '../args.ts';
import { type Args, camel, type Plain, snake } from '../contract.ts';
import { type Adapter, definePort } from '../port.ts';

const tensor = (p: Plain): Tensor => Tensor.from(p.shape, p.data);
const plain = (t: Tensor): Plain => ({ shape: t.shape, data: t.toArray() });

type Verb = <T>(o: Lang<T>, xs: readonly T[], p: unknown) => T;
const verb = (name: OpName): Verb => {
  lookup(ROWS, 'operation', name);
  return (o, xs, p) => (o[name] as (...a: unknown[]) => (typeof xs)[number])(...xs, p); // by name, so untyped here
};

const activation = (name: OpName) => {
  const f = verb(name);
  return {
    forward: ({ x, ...p }: { x: Plain }) => ({ y: plain(f(ops, [tensor(x)], p)) }),
    vjp: ({ x, dy, ...p }: { x: Plain; dy: Plain }) => {
      const [dx] = vjp((o, xs) => f(o, xs, p), ops, [tensor(x)]).pull(tensor(dy));
      return { dx: plain(dx as Tensor) }; // one argument, one cotangent
    },
  };
};

const loss = (name: string) => {
  const row = lossRow(name);
  const at = ({ prediction, target, reduction, ...params }: LossArgs) =>
    pullback(
      (o, xs) => [lossOf(o, row, xs[0] as (typeof xs)[number], xs[1] as (typeof xs)[number], reduction, params)],
      ops,
      [tensor(prediction), tensor(target)],
      1,
    );
  return {
    forward: (args: LossArgs) => ({ loss: plain(at(args).value) }),
    vjp: (args: LossArgs) => ({ dprediction: plain(gradOf(ops, at(args))[0] as Tensor) }),
  };
};

const initializer = (name: string) => ({
  sample: ({ shape, seed, ...draw }: SampleArgs) => ({
    w: plain(sample(initializerRow(name), keyOf(seed), shape, draw)),
  }),
  ...(fromOneUniform(initializerRow(name))
    ? {
        from_uniforms: ({ u, ...draw }: UniformsArgs) => ({
          w: plain(fromUniforms(initializerRow(name), tensor(u), draw)),
        }),
      }
    : {}),
});

const optimizer = (name: string) => ({
  run: ({ params, gradients, hyper }: RunArgs) => {
    const { init, update } = optimizerOf(name, hyper);
    let ws: readonly Tensor[] = params.map(tensor);
    let slots = init(ops, ws);
    const out = gradients.map((gs, i) => {
      const [us, next] = update(ops, gs.map(tensor), slots, ws, scalar(i + 1));
      ws = ws.map((w, j) => ops.add(w, us[j] as Tensor)); // one update per leaf
      slots = next;
      return ws.map(plain);
    });
    return { params: out };
  },
});

/** Layers in the contract's spelling, with the parameters put where they belong. */
const network = ({ layers, loss: lossName, reduction, params, x, y }: ModelArgs) => {
  const spec = {
    layers: layers.map((l) => (l.type === 'activation' ? { ...l, name: camel(l.name) } : l)),
    loss: camel(lossName),
    reduction,
  };
  let next = 0;
  const own = layers.map((l): Named<Tensor> => {
    if (l.type !== 'dense') return {};
    const [w, b] = params.slice(next, next + 2) as [Plain, Plain]; // two per dense layer, as the contract says
    next += 2;
    return { w: tensor(w), b: tensor(b) };
  });
  const all = lossAndGrad(ops, modelOf(spec), { params: own, state: own.map(() => ({})) }, tensor(x), tensor(y));
  const gradients = all.grads.flatMap((g) => (g.w === undefined || g.b === undefined ? [] : [plain(g.w), plain(g.b)]));
  return { loss: plain(all.loss), output: plain(all.output), gradients };
};

/** A program as data, over any carrier: the value of its last equation. */
export const programOf =
  (equations: readonly Equation[]): Program =>
  (o, inputs) => {
    const values = [...inputs];
    for (const { op, reads, params } of equations)
      values.push(
        verb(op as OpName)(
          o,
          reads.map((i) => values[i] as (typeof inputs)[number]),
          params,
        ),
      );
    return values.at(-1) as (typeof inputs)[number];
  };

const table = <T>(names: readonly string[], make: (name: never) => T): Readonly<Record<string, T>> =>
  Object.fromEntries(names.map((name) => [snake(name), make(name as never)]));

export const homeAdapter: Adapter = {
  engine: 'tautograd',
  version: '0.1.0',
  dtype: 'f64',
  hyper: Object.fromEntries(Object.entries(OPTIMIZERS).map(([name, row]) => [snake(name), Object.keys(row.hyper)])),
  ops: OP_NAMES,
  entries: {
    activation: table(ACTIVATIONS, activation),
    layer: {
      dense: {
        forward: (a: Record<'x' | 'w' | 'b', Plain>) => ({
          y: plain(dense(ops, tensor(a.x), tensor(a.w), tensor(a.b))),
        }),
        vjp: (a: Record<'x' | 'w' | 'b' | 'dy', Plain>) => {
          const program: Program = (o, [x, w, b]) =>
            dense(o, x as NonNullable<typeof x>, w as NonNullable<typeof w>, b as NonNullable<typeof b>);
          const [dx, dw, db] = vjp(program, ops, [tensor(a.x), tensor(a.w), tensor(a.b)]).pull(tensor(a.dy)) as [
            Tensor,
            Tensor,
            Tensor,
          ];
          return { dx: plain(dx), dw: plain(dw), db: plain(db) };
        },
      },
    },
    loss: table(Object.keys(LOSSES), loss),
    initializer: table(Object.keys(INITIALIZERS), initializer),
    optimizer: table(Object.keys(OPTIMIZERS), optimizer),
    schedule: table(Object.keys(SCHEDULES), (name: string) => ({
      factor: ({ hyper, steps }: { hyper: Hyper; steps: readonly number[] }) => {
        const factor = scheduleOf(name, hyper);
        return { factor: { shape: [steps.length], data: steps.map((k) => factor(ops, scalar(k)).view[0] as number) } };
      },
    })),
    model: { network: { loss_and_grad: network } },
    program: {
      graph: {
        vjp: ({ equations, inputs, dy }: GraphArgs) => {
          const { value, pull } = vjp(programOf(equations), ops, inputs.map(tensor));
          return { y: plain(value), dinputs: pull(tensor(dy)).map(plain) };
        },
      },
    },
    perceptron: {
      perceptron: {
        fit: ({ x, y, lr, epochs }: FitArgs) => {
          const { w, b, mistakes } = fitPerceptron(tensor(x), tensor(y), lr, epochs);
          return { w: { shape: [w.length], data: w }, b, mistakes };
        },
      },
    },
    random: {
      threefry: {
        block: ({ key, counter }: { key: [number, number]; counter: [number, number] }): Args => ({
          words: [...threefry(key, counter)],
        }),
      },
      uniform: {
        sample: ({ seed, count }: { seed: number; count: number }) => ({
          values: plain(uniform(keyOf(seed), [count])),
        }),
      },
      normal: {
        sample: ({ seed, count }: { seed: number; count: number }) => ({ values: plain(normal(keyOf(seed), [count])) }),
      },
    },
  },
};

export default definePort(homeAdapter);
