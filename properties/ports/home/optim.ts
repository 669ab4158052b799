// The built-in port, part four: optimizers, the wrappers around them, clipping, and schedules.
import {
  clipByGlobalNorm,
  clipByNorm,
  clipByValue,
  DomainError,
  flatten,
  type Hyper,
  type Lang,
  OPTIMIZERS,
  ops,
  optimizerFrom,
  optimizerOf,
  SCHEDULES,
  type Slots,
  type Step,
  scalar as scalarOf,
  scheduleOf,
  type Tensor,
  type Transform,
  type Tree,
  UnknownNameError,
  WRAPPERS,
  wrappedBy,
} from '../../../src/index.ts';
import type { ClipArgs, NamedArgs, NestArgs, ProbeArgs, RatesArgs, RunArgs, WrapperArgs } from '../../args.ts';
import { camel } from '../../contract.ts';
import { type Entries, type Kit, plain as plainOf, table, tensor as tensorOf } from './shared.ts';

/** What changes as an optimizer goes on. */
interface Progress<T> {
  readonly ws: readonly T[];
  readonly slots: Slots<string, T>;
  readonly k: T;
}
const treeOf = <T>(progress: Progress<T>): Tree<T> => progress as unknown as Tree<T>; // records and lists of values

/** Over any carrier: tensors for the eager engine, symbols for the compiled one. */
export const optimCalls = <T>({ o, tensor, plain, scalar, vector, scanned }: Kit<T>) => {
  /** Parameters after every step, and those to evaluate with. */
  const train = (
    { init, update, evaluated }: Transform,
    { params, gradients }: Pick<RunArgs, 'params' | 'gradients'>,
  ) => {
    const first = params.map(tensorOf);
    const tree: Progress<Tensor> = { ws: first, slots: init(ops, first), k: scalarOf(0) };
    const { leaves, build } = flatten<Tensor>(treeOf(tree));
    const step: Step = <T>(o: Lang<T>, state: readonly T[], gs: readonly T[]) => {
      const { ws: before, slots, k } = build(state) as unknown as Progress<T>; // as it was taken apart
      const now = o.add(k, o.lit(1));
      const [us, next] = update(o, gs, slots, before, now);
      const ws = before.map((w, j) => o.add(w, us[j] as T)); // one update per leaf
      const after: Progress<T> = { ws, slots: next, k: now };
      return { state: flatten(treeOf(after)).leaves, outputs: [...ws, ...(evaluated?.(o, ws, next) ?? ws)] };
    };
    const steps = scanned(
      step,
      leaves,
      gradients.map((gs) => gs.map(tensorOf)),
    ).map((all) => all.map(plainOf));
    return {
      params: steps.map((all) => all.slice(0, params.length)),
      evaluated: steps.map((all) => all.slice(params.length)),
    };
  };

  const optimizer = (name: string) => ({
    run: ({ hyper, ...run }: RunArgs) => ({ params: train(optimizerOf(name, hyper), run).params }),
    run_with_rates: ({ hyper, rates, ...run }: RatesArgs) => {
      // the factor is the rate where lr is 1
      const rule = optimizerOf(name, { ...hyper, lr: 1 }, (o, k) =>
        rates.reduceRight((later, rate, i) => o.where(o.greater(o.lit(i + 1.5), k), o.lit(rate), later), o.lit(0)),
      );
      return { params: train(rule, run).params };
    },
    accepts: ({ hyper }: { readonly hyper: Hyper }) => {
      try {
        optimizerOf(name, hyper);
        return { accepted: true };
      } catch (error) {
        if (error instanceof DomainError || error instanceof UnknownNameError) return { accepted: false };
        throw error;
      }
    },
  });

  const named = ({ name, hyper }: NamedArgs) => ({ name: camel(name), hyper });
  const wrapper = (name: string) => ({
    run: ({ inner, innerHyper, hyper, ...run }: WrapperArgs) =>
      train(wrappedBy(optimizerOf(camel(inner), innerHyper), name, hyper), run),
  });

  /** The gradients that a transformation without memory makes. */
  const transformed = ({ init, update }: Transform, gradients: readonly T[]) => {
    const [made] = update(o, gradients, init(o, gradients), gradients, scalar(1));
    return { gradients: made.map(plain) };
  };

  return {
    optimizer: table(Object.keys(OPTIMIZERS), optimizer),
    wrapper: {
      ...table(
        Object.keys(WRAPPERS).filter((name) => name !== 'sam'),
        wrapper,
      ),
      nest: {
        train: ({ inner, innerHyper, wrappers, schedule, ...run }: NestArgs) => {
          const rule = optimizerFrom({
            name: camel(inner),
            hyper: innerHyper,
            wrappers: wrappers.map(named),
            ...(schedule === undefined ? {} : { schedule: named(schedule) }),
          });
          return { params: train(rule, run).params };
        },
      },
      sam: {
        probe: ({ params, gradients, hyper }: ProbeArgs) => {
          const ws = params.map(tensor);
          const { probe } = wrappedBy(optimizerOf('sgd'), 'sam', hyper);
          return { params: (probe?.(o, ws, gradients.map(tensor)) ?? ws).map(plain) };
        },
      },
    },
    clip: {
      by_value: { apply: ({ gradients, limit }: ClipArgs) => transformed(clipByValue(limit), gradients.map(tensor)) },
      by_norm: {
        apply: ({ gradients, limit, eps }: ClipArgs) => transformed(clipByNorm(limit, eps), gradients.map(tensor)),
      },
      by_global_norm: {
        apply: ({ gradients, limit, eps }: ClipArgs) =>
          transformed(clipByGlobalNorm(limit, eps), gradients.map(tensor)),
      },
    },
    schedule: table(Object.keys(SCHEDULES), (name: string) => ({
      factor: ({ hyper, steps }: { hyper: Hyper; steps: readonly number[] }) => {
        const factor = scheduleOf(name, hyper);
        return { factor: vector(steps.map((k) => factor(o, scalar(k)))) };
      },
    })),
  } satisfies Entries;
};
