// Random numbers and initializers written a second time: Threefry over big integers, the normal law at 64 digits, and what each initializer must be.
import { chisquareCdf } from '../distributions.ts';
import type { Dtype } from '../port.ts';
import { type Expected, FORMATS, quantileBound } from '../tolerance.ts';
import { type Big, big, exact, ln, math, nearest, ONE, sqrt, ZERO } from './exact.ts';
import { evaluate, type Scope } from './formula.ts';

const WORD = 32;
const word = (x: bigint): bigint => BigInt.asUintN(WORD, x);
const turned = (x: bigint, by: number): bigint => word((x << BigInt(by)) | (x >> BigInt(WORD - by)));

/** Rotations of Threefry-2x32, round by round. @source Salmon et al. 2011, table 2 */
const TURNS = [13, 15, 26, 6, 17, 29, 16, 24];

/** Threefry-2x32 with 20 rounds. @source Salmon et al. 2011, §3.3; the parity constant is that of Skein 1.3 */
export const threefryWords = (key: readonly number[], counter: readonly number[]): readonly [number, number] => {
  const [k0 = 0n, k1 = 0n] = key.map((k) => word(BigInt(k)));
  const schedule = [k0, k1, k0 ^ k1 ^ 0x1bd11bdan];
  const [c0 = 0n, c1 = 0n] = counter.map((c) => word(BigInt(c)));
  let [x, y] = [word(c0 + k0), word(c1 + k1)];
  for (let group = 0; group < 5; group++) {
    for (let i = 0; i < 4; i++) {
      x = word(x + y);
      y = turned(y, TURNS[((group % 2) * 4 + i) as 0] ?? 0) ^ x;
    }
    x = word(x + (schedule[(group + 1) % 3] ?? 0n));
    y = word(y + (schedule[(group + 2) % 3] ?? 0n) + BigInt(group + 1));
  }
  return [Number(x), Number(y)];
};

/** A seed as two words: high and low of its 64-bit two's complement. */
export const wordsOfSeed = (seed: number): readonly [number, number] => {
  const all = BigInt.asUintN(64, BigInt(seed));
  return [Number(all >> 32n), Number(word(all))];
};

/** The i-th uniform of a key: 26 upper bits of either word, as many of the 52 as the format has behind its first digit, and half a step. */
export const uniformOf = (key: readonly number[], i: number, dtype: Dtype = 'f64'): number => {
  const { digits } = FORMATS[dtype];
  const [hi, lo] = threefryWords(key, [i, 0]).map((w) => BigInt(w) >> 6n);
  const bits = (((hi ?? 0n) << 26n) | (lo ?? 0n)) >> BigInt(FORMATS.f64.digits - digits);
  return Number((bits << 1n) + 1n) / 2 ** digits;
};

/** Φ in doubles, by the distribution function of χ² with one degree of freedom. */
export const normalCdf = (z: number): number => (1 + Math.sign(z) * chisquareCdf(z * z, 1)) / 2;

const phi = (z: Big): Big => evaluate('exp(-z * z / 2) / sqrt(2 * pi)', { z });
const capitalPhi = (z: Big): Big => evaluate('erfc(-z / sqrt(2)) / 2', { z });

/** Φ⁻¹(p) for p ≤ ½ by Newton's method on ln Φ, which is concave: from the left it approaches from one side. */
const lowerQuantile = (p: Big): Big => {
  let z = sqrt(ln(p).times(-2)).neg();
  for (let i = 0; i < 40; i++) {
    const f = capitalPhi(z);
    const step = ln(f.div(p)).times(f).div(phi(z));
    z = z.minus(step);
    if (step.abs().lt(ENOUGH)) break;
  }
  return z;
};
const ENOUGH = big('1e-30');
const HALF = big(1 / 2);
/** Φ⁻¹, kept once found: laws ask for the same few places again and again. */
export const normalQuantile64 = (p: Big): Big => {
  if (p.eq(HALF)) return ZERO;
  if (p.gt(HALF)) return normalQuantile64(ONE.minus(p)).neg();
  const at = p.toString();
  const known = found.get(at);
  if (known !== undefined) return known;
  const z = lowerQuantile(p);
  found.set(at, z);
  return z;
};
const found = new Map<string, Big>();

const TWO = big(2);
math.import({ erfinv: (x: Big): Big => normalQuantile64(x.plus(1).div(2)).div(sqrt(TWO)) });

/** What formulas of draws are made of: the upper bits of the words of the i-th block of a child of a key. */
export const drawScope = (key: readonly number[], child: number, i: number): Scope => {
  const [a, b] = threefryWords(threefryWords(key, [child, 1]), [i, 0]).map((w) => big(w >>> 6)) as [Big, Big]; // two words
  return { a, b };
};

const CUT_LOW = capitalPhi(TWO.neg());
const CUT_INSIDE = ONE.minus(CUT_LOW.times(2));
/** Variance of a standard normal cut at ±2: 1 − 4·φ(2)/(Φ(2) − Φ(−2)). */
const CUT_VARIANCE = ONE.minus(phi(TWO).times(4).div(CUT_INSIDE));
/** Its fourth moment: 3 − (2·2³ + 6·2)·φ(2)/(Φ(2) − Φ(−2)). */
const CUT_FOURTH = big(3).minus(phi(TWO).times(28).div(CUT_INSIDE));

/** What an initializer must be, as a text of fanIn, fanOut and gain each. */
export interface Stated {
  /** `matrix`: weights that depend on each other. */
  readonly law: 'point' | 'uniform' | 'normal' | 'truncated' | 'matrix';
  /** The value, half the width, or the standard deviation (before the cut). */
  readonly scale: string;
}

const corrected = (variance: string): Stated => ({ law: 'truncated', scale: `sqrt(${variance} / cut)` });
const normal = (variance: string): Stated => ({ law: 'normal', scale: `sqrt(${variance})` });
const uniform = (variance: string): Stated => ({ law: 'uniform', scale: `sqrt(3 * ${variance})` });
const matrix: Stated = { law: 'matrix', scale: 'gain' };

/** Written down from the papers, apart from the engine's own table. @source LeCun 1998, Glorot & Bengio 2010, He et al. 2015 */
export const STATED: Readonly<Record<string, Stated>> = {
  zeros: { law: 'point', scale: '0 * gain' },
  constant: { law: 'point', scale: 'gain' },
  normal: { law: 'normal', scale: 'gain' },
  uniform: { law: 'uniform', scale: 'gain' },
  truncated_normal: { law: 'truncated', scale: 'gain' },
  truncated_normal_corrected: corrected('gain^2'),
  lecun_normal: normal('gain^2 / fanIn'),
  lecun_uniform: uniform('gain^2 / fanIn'),
  lecun_truncated: corrected('gain^2 / fanIn'),
  xavier_uniform: { law: 'uniform', scale: 'gain * sqrt(6 / (fanIn + fanOut))' },
  xavier_normal: normal('2 * gain^2 / (fanIn + fanOut)'),
  xavier_truncated: corrected('2 * gain^2 / (fanIn + fanOut)'),
  he_uniform: { law: 'uniform', scale: 'gain * sqrt(6 / fanIn)' },
  he_normal: normal('2 * gain^2 / fanIn'),
  he_truncated: corrected('2 * gain^2 / fanIn'),
  he_uniform_fan_out: { law: 'uniform', scale: 'gain * sqrt(6 / fanOut)' },
  he_normal_fan_out: normal('2 * gain^2 / fanOut'),
  he_uniform_fan_avg: uniform('4 * gain^2 / (fanIn + fanOut)'),
  he_normal_fan_avg: normal('4 * gain^2 / (fanIn + fanOut)'),
  torch_linear: { law: 'uniform', scale: 'gain / sqrt(fanIn)' },
  orthogonal: matrix,
  identity: matrix,
  sparse: matrix,
};

export interface Scaled {
  readonly fanIn: number;
  readonly fanOut: number;
  readonly gain: number;
}

const stated = (name: string): Stated => {
  const row = STATED[name];
  if (row === undefined) throw new Error(`draws: nothing is stated of the initializer ${name}`);
  return row;
};

/** Initializers of some kinds, in the contract's spelling. */
export const statedAs = (...laws: readonly Stated['law'][]): readonly string[] =>
  Object.entries(STATED).flatMap(([name, row]) => (laws.includes(row.law) ? [name] : []));

/** Initializers whose weights are independent and random. */
export const APART = statedAs('uniform', 'normal', 'truncated');
/** Initializers that draw. */
export const RANDOM = [...APART, 'orthogonal', 'sparse'];

/** Those in whose scale a name occurs. */
export const dependingOn = (name: string): readonly string[] => APART.filter((n) => stated(n).scale.includes(name));

const scale64 = (name: string, { fanIn, fanOut, gain }: Scaled): Big =>
  evaluate(stated(name).scale, { fanIn: big(fanIn), fanOut: big(fanOut), gain: exact(gain), cut: CUT_VARIANCE });

export const scaleOf = (name: string, at: Scaled): number => nearest(scale64(name, at));

/** Moments of a weight of scale 1, by law. */
const MOMENTS: Readonly<Record<Stated['law'], { readonly second: Big; readonly fourth: Big }>> = {
  point: { second: ONE, fourth: ONE },
  uniform: { second: ONE.div(3), fourth: ONE.div(5) },
  normal: { second: ONE, fourth: big(3) },
  truncated: { second: CUT_VARIANCE, fourth: CUT_FOURTH },
  matrix: { second: ONE, fourth: ONE },
};

export const varianceOf = (name: string, at: Scaled): number =>
  nearest(scale64(name, at).pow(2).times(MOMENTS[stated(name).law].second));
export const fourthMomentOf = (name: string, at: Scaled): number =>
  nearest(scale64(name, at).pow(4).times(MOMENTS[stated(name).law].fourth));

/** The distribution function of a weight, in doubles; of a matrix of independent weights only. */
export const cdfOf = (name: string, at: Scaled): ((w: number) => number) => {
  const s = scaleOf(name, at);
  const low = nearest(CUT_LOW);
  const inside = nearest(CUT_INSIDE);
  const clamp = (p: number): number => Math.min(1, Math.max(0, p));
  return stated(name).law === 'uniform'
    ? (w) => clamp((w / s + 1) / 2)
    : stated(name).law === 'normal'
      ? (w) => normalCdf(w / s)
      : (w) => clamp((normalCdf(w / s) - low) / inside);
};

/** A weight's quantile at u, and how far a port may be from it: at 64 digits. */
export const quantileAt = (name: string, at: Scaled, u: number, roundoff: number): readonly [Expected, number] => {
  const s = scale64(name, at);
  const p = exact(u);
  const { law } = stated(name);
  const z =
    law === 'uniform'
      ? p.times(2).minus(1)
      : normalQuantile64(law === 'truncated' ? CUT_LOW.plus(CUT_INSIDE.times(p)) : p);
  const w = s.times(z);
  const allowed = nearest(s.abs()) * quantileBound(nearest(z), roundoff, law !== 'normal');
  return [{ value: nearest(w), from: (got) => nearest(w.minus(exact(got)).abs()) }, allowed];
};
