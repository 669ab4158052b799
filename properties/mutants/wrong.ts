// A wrong optimizer in a few lines: a rule in plain numbers, run over steps and leaves in place of the right one.
import type { Plain } from '../contract.ts';
import { at, like, list, now } from './plant.ts';

export type Numbers = Readonly<Record<string, number>>;

/** What a wrong rule sees of one coordinate; it returns what is added to w. */
export interface X {
  readonly g: number;
  readonly w: number;
  /** The step, from 1. */
  readonly k: number;
  readonly h: (key: string) => number;
  /** Its memory, zeros at first. */
  readonly s: Record<string, number>;
  readonly leaf: number;
  readonly leaves: number;
}

/** What a wrong rule sees of one tensor. */
export interface XLeaf {
  readonly gs: readonly number[];
  readonly ws: readonly number[];
  readonly shape: readonly number[];
  readonly k: number;
  readonly h: (key: string) => number;
  readonly s: Record<string, number[]>;
}

const zeros = (): Record<string, number> =>
  new Proxy<Record<string, number>>({}, { get: (all, key) => (typeof key === 'string' ? (all[key] ?? 0) : 0) });

/** The optimizer by a rule that sees whole tensors. */
export const wrongLeaf = (name: string, rule: (x: XLeaf) => readonly number[]) =>
  at(`optimizer.${name}.run`, (args) => {
    const hyper = args.hyper as Numbers;
    const memory = list(args, 'params').map((): Record<string, number[]> => ({}));
    let ws = list(args, 'params').map((p) => Array.from(p.data));
    const params = (args.gradients as readonly (readonly Plain[])[]).map((gs, t) => {
      ws = ws.map((w, i) => {
        const us = rule({
          gs: Array.from(gs[i]?.data ?? []),
          ws: w,
          shape: gs[i]?.shape ?? [],
          k: t + 1,
          h: (key) => hyper[key] ?? 0,
          s: memory[i] ?? {},
        });
        return w.map((v, j) => v + (us[j] ?? Number.NaN));
      });
      return list(args, 'params').map((p, i) => like(p, (_, j) => ws[i]?.[j] ?? Number.NaN));
    });
    return { params };
  });

/** The optimizer by a rule that treats coordinates one by one. */
export const wrong = (name: string, rule: (x: X) => number) =>
  at(`optimizer.${name}.run`, (args) => {
    const hyper = args.hyper as Numbers;
    const memory = list(args, 'params').map((p) => Array.from(p.data, zeros));
    let ws = list(args, 'params').map((p) => Array.from(p.data));
    const params = (args.gradients as readonly (readonly Plain[])[]).map((gs, t) => {
      ws = ws.map((w, leaf) =>
        w.map(
          (v, j) =>
            v +
            rule({
              g: gs[leaf]?.data[j] ?? 0,
              w: v,
              k: t + 1,
              h: (key) => hyper[key] ?? 0,
              s: memory[leaf]?.[j] ?? zeros(),
              leaf,
              leaves: gs.length,
            }),
        ),
      );
      return list(args, 'params').map((p, i) => like(p, (_, j) => ws[i]?.[j] ?? Number.NaN));
    });
    return { params };
  });

/** The right trajectory for other hyper-parameters. */
export const withHyper = (name: string, f: (hyper: Numbers) => Numbers, call = 'run') =>
  at(`optimizer.${name}.${call}`, (args, original) => now(original, { ...args, hyper: f(args.hyper as Numbers) }));

/** β·m + (1 − β)·x. */
export const mean = (beta: number, m: number, x: number): number => beta * m + (1 - beta) * x;

/** The denominator of Adam for a corrected second moment. */
export const below = ({ h, k }: Pick<X, 'h' | 'k'>, second: number): number =>
  Math.sqrt(second + h('epsRoot')) + h('eps') + h('epsHat') / Math.sqrt(1 - h('beta2') ** k);

/** Adam's direction, by its right lines. */
export const adamStep = (x: X, k = x.k): number => {
  x.s.m = mean(x.h('beta1'), x.s.m ?? 0, x.g);
  x.s.v = mean(x.h('beta2'), x.s.v ?? 0, x.g * x.g);
  return x.s.m / (1 - x.h('beta1') ** k) / below({ h: x.h, k }, x.s.v / (1 - x.h('beta2') ** k));
};
