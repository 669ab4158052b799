// Normalisation under test: the oracle against differences of its own values, and correct engines that compute otherwise.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Args, Plain } from './contract.ts';
import { LAWS } from './laws/index.ts';
import { batchCase, KINDS, kindOf, normOf } from './laws/normcases.ts';
import { batchNorm, layerNorm } from './mutants/normengine.ts';
import { at, both, like, now, number, plain } from './mutants/plant.ts';
import { momentsOf, type Normalisation, pulledOf } from './oracle/batchnorm.ts';
import { type Big, big, exact, nearest, ZERO } from './oracle/exact.ts';
import type { Port } from './port.ts';
import home from './ports/home.ts';
import { check } from './run.ts';
import { CERTIFICATE_DIGITS, KINK_DIGITS, ORACLE_STEP } from './tolerance.ts';

/** Σ dy·y at 64 digits, with x moved by h along a direction. */
const along = (c: Normalisation, dy: readonly number[], direction: readonly number[], h: string): Big =>
  c.groups.reduce((total, { at: places, parameter }) => {
    const x = places.map((i) => exact(c.x[i] ?? 0).plus(exact(direction[i] ?? 0).times(big(h))));
    const { hat } = momentsOf(x, exact(c.eps), c.place);
    return places.reduce((sum, to, i) => {
      const p = parameter[i] ?? 0;
      const y = exact(c.gamma[p] ?? 0)
        .times(hat[i] ?? ZERO)
        .plus(exact(c.beta[p] ?? 0));
      return sum.plus(y.times(exact(dy[to] ?? 0)));
    }, total);
  }, ZERO);

describe('the oracle', () => {
  for (const name of Object.keys(KINDS))
    for (const place of ['inside', 'outside'] as const)
      test(`of ${name}, eps ${place} the root, has the Jacobian of its own values`, () => {
        const port = { ...home, conventions: { ...home.conventions, bnEps: place, lnEps: place } };
        const given = batchCase(port, name).map((c) => {
          const scale = Math.max(...c.x.data.map(Math.abs), Number.MIN_VALUE);
          return { c, scale, direction: c.dy.data.map((v, i) => ((v * (i + 1)) / 8) * scale) };
        });
        fc.assert(
          fc.property(given, ({ c, scale, direction }) => {
            const norm = normOf(c, port, name);
            const { dx } = pulledOf(norm, c.dy.data, 'f64');
            const terms = dx.map((e, i) => e.value.times(exact(direction[i] ?? 0)));
            const difference = along(norm, c.dy.data, direction, ORACLE_STEP)
              .minus(along(norm, c.dy.data, direction, `-${ORACLE_STEP}`))
              .div(big(ORACLE_STEP).times(2));
            // where the whole Jacobian is 0, what is left is the last of 64 digits of x, over the step
            const last = c.dy.data
              .reduce((s, v) => s.plus(exact(v).abs()), big(CERTIFICATE_DIGITS))
              .times(exact(scale).abs().plus(1))
              .times('1e-63')
              .div(big(ORACLE_STEP))
              .div(big(KINK_DIGITS));
            const size = terms.reduce((s, t) => s.plus(t.abs()), last.plus(big(CERTIFICATE_DIGITS)));
            const error = terms.reduce((s, t) => s.plus(t), ZERO).minus(difference);
            // a step relative to x is 10⁸ times as long in units of the deviation where x is far from 0, and enters squared
            return nearest(error.abs().div(size)) < Number(KINK_DIGITS);
          }),
          { seed: 1, numRuns: 30 },
        );
      });
});

const chapters = LAWS.filter(({ id }) => /^(norm|batchnorm)\/|^convention\//.test(id));
const holding = async (port: Port): Promise<readonly string[]> => {
  const failing: string[] = [];
  for (const law of chapters)
    for (const subject of law.subjects(port)) {
      const { status } = await check(law, port, subject, { seed: 3, runs: 8, extent: false });
      if (status !== 'holds') failing.push(`${law.id} (${subject}): ${status}`);
    }
  return failing;
};

/** Updates mean and sum of squares number by number. */
const welford = (x: readonly number[]): { readonly mean: number; readonly squares: number } =>
  x.reduce(
    ({ mean, squares }, v, i) => {
      const next = mean + (v - mean) / (i + 1);
      return { mean: next, squares: squares + (v - mean) * (v - next) };
    },
    { mean: 0, squares: 0 },
  );
const updating = {
  mean: (x: readonly number[]) => welford(x).mean,
  variance: (x: readonly number[]) => welford(x).squares / x.length,
};

/** Eps outside the root, whose slope is then that of the deviation alone. */
const outside = {
  root: (variance: number, eps: number) => Math.sqrt(variance) + eps,
  dx: (c: readonly number[], hat: readonly number[], root: number, variance: number) => {
    const n = c.length;
    const mean = c.reduce((a, v) => a + v, 0) / n;
    const product = c.reduce((a, v, i) => a + v * (hat[i] ?? 0), 0) / n;
    return c.map((v, i) => (v - mean - ((hat[i] ?? 0) * root * product) / Math.sqrt(variance)) / root);
  },
};
/** Eval mode by a variance that stands for both. */
const evalOutside = both(
  ...['eval', 'eval_vjp'].map((call) =>
    at(`layer.batch_norm.${call}`, (args, original) => {
      const {
        mean: _m,
        variance: _v,
        ...answer
      } = now(original, {
        ...args,
        eps: 0,
        variance: like(plain(args, 'variance'), (v) => (Math.sqrt(v) + number(args, 'eps')) ** 2),
      });
      return answer;
    }),
  ),
);

/** y = x·scale + shift, as engines do that fold a normalisation into the layer before it. */
const folded = (entry: string, groupsOf: (shape: readonly number[]) => Normalisation['groups']) =>
  at(entry, (args, original) => {
    const x = plain(args, 'x');
    const y = Array.from(x.data);
    for (const { at: places, parameter } of groupsOf(x.shape)) {
      const own = places.map((i) => x.data[i] ?? 0);
      const mean = own.reduce((a, v) => a + v, 0) / own.length;
      const variance = own.reduce((a, v) => a + (v - mean) * (v - mean), 0) / own.length;
      places.forEach((to, i) => {
        const p = parameter[i] ?? 0;
        const scale = (plain(args, 'gamma').data[p] ?? 0) / Math.sqrt(variance + number(args, 'eps'));
        y[to] = (own[i] ?? 0) * scale + ((plain(args, 'beta').data[p] ?? 0) - mean * scale);
      });
    }
    return { ...now(original, args), y: { shape: x.shape, data: y } };
  });

const single = (value: unknown): unknown =>
  value !== null && typeof value === 'object' && 'data' in value ? like(value as Plain, Math.fround) : value;
/** Everything of a port in single precision, from arguments that are. */
const rounded = (port: Port): Port => ({
  ...port,
  dtype: 'f32',
  call: (entry, args) => {
    for (const [name, v] of Object.entries(args))
      for (const n of typeof v === 'number' ? [v] : Array.from((v as Plain).data ?? []))
        if (!Object.is(Math.fround(n), n)) throw new Error(`${entry}: ${name} ${n} is no number of single precision`);
    const answer = port.call(entry, args) as Args; // the home port answers at once
    return Object.fromEntries(Object.entries(answer).map(([name, v]) => [name, single(v)]));
  },
});

const ROUNDED = 'single precision';

describe('correct engines that compute otherwise are not accused', () => {
  const engines: Readonly<Record<string, Port>> = {
    'moments updated number by number': both(batchNorm(updating), layerNorm(updating))(home),
    'scale and shift folded into one product': both(
      ...Object.values(KINDS).map(({ forward, groups }) => folded(forward, groups)),
    )(home),
    'eps outside the root, declared': {
      ...both(batchNorm(outside), layerNorm(outside), evalOutside)(home),
      conventions: { ...home.conventions, bnEps: 'outside', lnEps: 'outside' },
    },
    'the momentum of what was kept and a biased variance, declared': {
      ...batchNorm({ estimate: (v) => v, blend: (old, fresh, m) => m * old + (1 - m) * fresh }, 'forward')(home),
      conventions: { ...home.conventions, bnMomentum: 'ofOld', bnRunningVariance: 'biased' },
    },
    'running statistics moved by a share of their distance': batchNorm(
      { blend: (old, fresh, m) => old + m * (fresh - old) },
      'forward',
    )(home),
    [ROUNDED]: rounded(home),
  };
  for (const [name, port] of Object.entries(engines))
    test(name, async () => {
      const own = name === ROUNDED ? port : { ...port, hyper: {} }; // planted ones have one estimator only
      expect(await holding(own)).toEqual([]);
    });
});

test('every kind of normalisation is asked with more than one number per group', () => {
  for (const name of Object.keys(KINDS))
    for (const { x } of fc.sample(batchCase(home, name), { seed: 1, numRuns: 50 }))
      for (const { at: places } of kindOf(name).groups(x.shape)) expect(places.length).toBeGreaterThan(1);
});
