// The built-in port, part six: the machines that came first.
import {
  contrastiveDivergence,
  energy,
  findRefutation,
  fitPerceptron,
  fitRbm,
  freeEnergy,
  hiddenGiven,
  keyOf,
  logLikelihood,
  mistakeBound,
  modelOf,
  type Named,
  ops,
  predict,
  pretrained,
  type Rbm,
  stackRbms,
  startRbm,
  type Tensor,
  visibleGiven,
} from '../../../src/index.ts';
import type { CdArgs, FitArgs, MachineArgs, NetworkLayer, RbmPlanArgs } from '../../args.ts';
import { camel, type Plain } from '../../contract.ts';
import { type Entries, plain, tensor } from './shared.ts';

interface PerceptronArgs {
  readonly x: Plain;
  readonly w: Plain;
  readonly b: number;
}

interface PretrainArgs extends Partial<Omit<RbmPlanArgs, 'seed'>> {
  readonly layers: readonly NetworkLayer[];
  readonly params: readonly Plain[];
  readonly x: Plain;
  readonly seed: number;
}

const machineOf = ({ w, b, c }: MachineArgs): Rbm<Tensor> => ({ w: tensor(w), b: tensor(b), c: tensor(c) });
const plainMachine = ({ w, b, c }: Rbm<Tensor>) => ({ w: plain(w), b: plain(b), c: plain(c) });
const same = (t: Tensor): Tensor => t;

/** The parameters of a network, two per dense layer, by layer. */
const byLayer = (layers: readonly NetworkLayer[], params: readonly Plain[]): readonly Named<Tensor>[] => {
  let next = 0;
  return layers.map((l): Named<Tensor> => {
    if (l.type !== 'dense') return {};
    const [w, b] = params.slice(next, next + 2) as [Plain, Plain]; // two per dense layer, as the contract says
    next += 2;
    return { w: tensor(w), b: tensor(b) };
  });
};

export const classicCalls = {
  perceptron: {
    perceptron: {
      fit: ({ x, y, lr, epochs }: FitArgs) => {
        const { w, b, mistakes, counts, converged } = fitPerceptron(tensor(x), tensor(y), lr, epochs);
        return { w: { shape: [w.length], data: w }, b, mistakes, counts, converged };
      },
      predict: ({ x, w, b }: PerceptronArgs) => {
        const [n = 0, d = 0] = x.shape;
        const all = Array.from(x.data);
        const model = { w: Array.from(w.data), b };
        const y = Array.from({ length: n }, (_, i) => predict(model, all.slice(i * d, (i + 1) * d)));
        return { y: { shape: [n], data: y } };
      },
      mistake_bound: ({ x, y, w, b }: PerceptronArgs & { readonly y: Plain }) => ({
        bound: mistakeBound(tensor(x), tensor(y), { w: Array.from(w.data), b }),
      }),
      refutation: ({ x, y, most }: { readonly x: Plain; readonly y: Plain; readonly most?: number }) => ({
        alpha: findRefutation(tensor(x), tensor(y), most) ?? [],
      }),
    },
  },
  rbm: {
    rbm: {
      energy: ({ v, h, ...m }: MachineArgs & { readonly v: Plain; readonly h: Plain }) => ({
        energy: plain(energy(ops, machineOf(m), tensor(v), tensor(h))),
      }),
      free_energy: ({ v, ...m }: MachineArgs & { readonly v: Plain }) => ({
        energy: plain(freeEnergy(ops, machineOf(m), tensor(v))),
      }),
      hidden_given: ({ v, ...m }: MachineArgs & { readonly v: Plain }) => ({
        p: plain(hiddenGiven(ops, machineOf(m), tensor(v))),
      }),
      visible_given: ({ h, ...m }: MachineArgs & { readonly h: Plain }) => ({
        p: plain(visibleGiven(ops, machineOf(m), tensor(h))),
      }),
      log_likelihood: ({ v, ...m }: MachineArgs & { readonly v: Plain }) => ({
        logp: plain(logLikelihood(ops, machineOf(m), tensor(v), same)),
      }),
      cd: ({ v, k, uniforms, from, ...m }: CdArgs) => {
        const given = uniforms.map(tensor);
        let next = 0;
        const { grads, reached } = contrastiveDivergence(ops, machineOf(m), tensor(v), {
          k,
          uniform: () => given[next++] as Tensor, // as many as the chain has half steps, as the contract says
          ...(from === undefined ? {} : { from: tensor(from) }),
        });
        return { dw: plain(grads.w), db: plain(grads.b), dc: plain(grads.c), reached: plain(reached) };
      },
      fit: ({
        w,
        b,
        c,
        x,
        seed,
        ...plan
      }: MachineArgs & RbmPlanArgs & { readonly x: Plain; readonly persistent?: boolean }) =>
        plainMachine(
          fitRbm(tensor(x), { ...plan, hidden: w.shape[1] ?? 0, from: machineOf({ w, b, c }), key: keyOf(seed) }),
        ),
      start: ({ x, hidden, seed }: { readonly x: Plain; readonly hidden: number; readonly seed: number }) =>
        plainMachine(startRbm(tensor(x), hidden, keyOf(seed))),
      stack: ({ x, units, seed, ...plan }: RbmPlanArgs & { readonly x: Plain; readonly units: readonly number[] }) => {
        const machines = stackRbms(tensor(x), units, { ...plan, key: keyOf(seed) }).map(plainMachine);
        return { w: machines.map((m) => m.w), b: machines.map((m) => m.b), c: machines.map((m) => m.c) };
      },
      pretrain: ({ layers, params, x, seed, ...changed }: PretrainArgs) => {
        const model = modelOf({
          layers: layers.map((l) => (l.type === 'activation' ? { ...l, name: camel(l.name) } : l)),
          loss: 'mse',
          reduction: 'mean',
        });
        const own = { params: byLayer(layers, params), state: layers.map(() => ({})) };
        const made = pretrained(model, own, tensor(x), keyOf(seed), 'rbm', changed);
        return {
          params: made.params.flatMap((g) => (g.w === undefined || g.b === undefined ? [] : [plain(g.w), plain(g.b)])),
        };
      },
    },
  },
} satisfies Entries;
