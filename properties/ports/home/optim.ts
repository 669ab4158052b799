// The built-in port, part four: optimizers, the wrappers around them, clipping, and schedules.
import {
  clipByGlobalNorm,
  clipByNorm,
  clipByValue,
  DomainError,
  type Hyper,
  OPTIMIZERS,
  optimizerFrom,
  optimizerOf,
  SCHEDULES,
  scheduleOf,
  type Transform,
  UnknownNameError,
  WRAPPERS,
  wrappedBy,
} from '../../../src/index.ts';
import type { ClipArgs, NamedArgs, NestArgs, ProbeArgs, RatesArgs, RunArgs, WrapperArgs } from '../../args.ts';
import { camel } from '../../contract.ts';
import { type Entries, type Kit, table } from './shared.ts';

/** Over any carrier: tensors for the eager engine, symbols for the compiled one. */
export const optimCalls = <T>({ o: ops, tensor, plain, scalar, vector }: Kit<T>) => {
  /** Parameters after every step, and those to evaluate with. */
  const train = (
    { init, update, evaluated }: Transform,
    { params, gradients }: Pick<RunArgs, 'params' | 'gradients'>,
  ) => {
    let ws: readonly T[] = params.map(tensor);
    let slots = init(ops, ws);
    const steps = gradients.map((gs, i) => {
      const [us, next] = update(ops, gs.map(tensor), slots, ws, scalar(i + 1));
      ws = ws.map((w, j) => ops.add(w, us[j] as T)); // one update per leaf
      slots = next;
      return { params: ws.map(plain), evaluated: (evaluated?.(ops, ws, slots) ?? ws).map(plain) };
    });
    return { params: steps.map((s) => s.params), evaluated: steps.map((s) => s.evaluated) };
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
    const [made] = update(ops, gradients, init(ops, gradients), gradients, scalar(1));
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
          return { params: (probe?.(ops, ws, gradients.map(tensor)) ?? ws).map(plain) };
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
        return { factor: vector(steps.map((k) => factor(ops, scalar(k)))) };
      },
    })),
  } satisfies Entries;
};
