// The built-in port, part seven: dropout by uniforms and by seed, penalties, and the constraint on norms.
import {
  constrain,
  drawsByKey,
  drawsGiven,
  keyOf,
  type Lang,
  type Layer,
  layerOf,
  lossAndGrad,
  modelOf,
  type Named,
  penaltyOf,
  REGULARISERS,
  type Reduction,
  type Regulariser,
  type RegulariserSpec,
  vjp,
} from '../../../src/index.ts';
import { camel, type Plain } from '../../contract.ts';
import { type Entries, type Kit, table } from './shared.ts';

interface TrainArgs {
  readonly x: Plain;
  readonly u: Plain;
  readonly dropRate: number;
}
interface SampleArgs {
  readonly x: Plain;
  readonly dropRate: number;
  readonly seed: number;
  readonly step: number;
  readonly place: number;
}
type Strengths = Pick<RegulariserSpec, 'l1' | 'l2'>;
type Penalty = 'l1' | 'l2' | 'elasticNet';
interface StackArgs extends Strengths {
  readonly params: readonly Plain[];
}
interface FitArgs extends Strengths {
  readonly x: Plain;
  readonly y: Plain;
  readonly w: Plain;
  readonly b: Plain;
  readonly loss: string;
  readonly reduction: Reduction;
}

const NOTHING = { params: {}, state: {} };

/** Over any carrier: tensors for the eager engine, symbols for the compiled one. */
export const regularCalls = <T>({ o: ops, tensor, plain, scalar }: Kit<T>) => {
  /** A form that is not named is the engine's default. */
  const dropout = (form?: 'classic' | 'alpha') => {
    const layer = (dropRate: number): Layer =>
      layerOf({ type: 'dropout', dropRate, ...(form === undefined ? {} : { form }) });
    const trained = <T>(o: Lang<T>, x: T, u: T, dropRate: number): T =>
      layer(dropRate).apply(o, NOTHING, x, { mode: 'train', draws: drawsGiven(o, [u]) })[0];
    return {
      train: ({ x, u, dropRate }: TrainArgs) => ({ y: plain(trained(ops, tensor(x), tensor(u), dropRate)) }),
      train_vjp: ({ x, u, dropRate, dy }: TrainArgs & { readonly dy: Plain }) => {
        const { pull } = vjp(
          (o, [xs, us]) => trained(o, xs as NonNullable<typeof xs>, us as NonNullable<typeof us>, dropRate),
          ops,
          [tensor(x), tensor(u)],
        );
        return { dx: plain(pull(tensor(dy))[0] as T) }; // two arguments, two cotangents
      },
      eval: ({ x, dropRate }: Pick<TrainArgs, 'x' | 'dropRate'>) => ({
        y: plain(layer(dropRate).apply(ops, NOTHING, tensor(x), { mode: 'eval' })[0]),
      }),
      sample: ({ x, dropRate, seed, step, place }: SampleArgs) => {
        const draws = drawsByKey(ops, keyOf(seed), scalar(step)).child(place);
        return { y: plain(layer(dropRate).apply(ops, NOTHING, tensor(x), { mode: 'train', draws })[0]) };
      },
    };
  };

  const { sample: _, ...alphaDropout } = dropout('alpha');

  /** w₁, b₁, w₂, b₂ … by layer. */
  const layered = <T>(params: readonly T[]): readonly Named<T>[] =>
    Array.from({ length: params.length / 2 }, (_, i) => ({ w: params[2 * i] as T, b: params[2 * i + 1] as T }));

  const penalty = (name: Penalty) => {
    const row = REGULARISERS[name];
    const strengths: Regulariser['strengths'] = row.strengths;
    const of = ({ l1 = 0, l2 = 0 }: Strengths): Strengths => ({
      ...(strengths.includes('l1') ? { l1 } : {}),
      ...(strengths.includes('l2') ? { l2 } : {}),
    });
    const own = ({ w, ...h }: Strengths & { readonly w: Plain }) =>
      vjp(
        (o, [v]) => {
          const { l1 = 0, l2 = 0 } = of(h);
          return row.penalty(o, v as NonNullable<typeof v>, { l1, l2, maxNorm: 0 });
        },
        ops,
        [tensor(w)],
      );
    const all = ({ params, ...h }: StackArgs, who: Pick<RegulariserSpec, 'bias'>) => {
      // a penalty that is off is none at all, which has no gradient to ask for
      const { value, pull } = vjp(
        (o, ws) => penaltyOf(o, { ...of(h), ...who }, layered(ws)) ?? o.mul(o.lit(0), o.lit(0)),
        ops,
        params.map(tensor),
      );
      return { value: plain(value), gradients: pull(scalar(1)).map(plain) };
    };
    return {
      value: (args: Strengths & { readonly w: Plain }) => ({ value: plain(own(args).value) }),
      gradient: (args: Strengths & { readonly w: Plain }) => ({ dw: plain(own(args).pull(scalar(1))[0] as T) }),
      penalty: (args: StackArgs) => all(args, {}),
      penalty_with_biases: (args: StackArgs) => all(args, { bias: true }),
      loss_and_grad: ({ x, y, w, b, loss, reduction, ...h }: FitArgs) => {
        const units = w.shape[1] ?? 1;
        const model = modelOf({ layers: [{ type: 'dense', units }], loss: camel(loss), reduction, regulariser: of(h) });
        const variables = { params: [{ w: tensor(w), b: tensor(b) }], state: [{}] };
        const all = lossAndGrad(ops, model, variables, tensor(x), tensor(y));
        const [own] = all.grads as readonly [Named<T>]; // one layer
        return { loss: plain(all.loss), dw: plain(own.w as T), db: plain(own.b as T) };
      },
    };
  };

  return {
    layer: { dropout: dropout(), classic_dropout: dropout('classic'), alpha_dropout: alphaDropout },
    regulariser: {
      ...table(['l1', 'l2', 'elasticNet'] satisfies Penalty[], penalty),
      max_norm: {
        project: ({ w, limit }: { w: Plain; limit: number }) => {
          const [kept] = constrain(ops, { maxNorm: limit }, [{ w: tensor(w) }]);
          return { w: plain(kept?.w as T) }; // one layer in, one out
        },
        constrain: ({ params, limit }: { params: readonly Plain[]; limit: number }) => ({
          params: constrain(ops, { maxNorm: limit }, layered(params.map(tensor))).flatMap(({ w, b }) => [
            plain(w as T),
            plain(b as T),
          ]),
        }),
      },
    },
  } satisfies Entries;
};
