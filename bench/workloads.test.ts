// The workloads and the comparison of engines: inputs, checks that find a wrong result, and a small run with real processes.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { keyOf, normal, uniform } from '../src/index.ts';
import { type Contender, type DuelReport, runDuel } from './duel.ts';
import { REFERENCE } from './reference.ts';
import { adapterCommand } from './remote.ts';
import { bestOf, type Limits, shareOf } from './share.ts';
import { duelChart, renderDuel } from './standings.ts';
import { decode, encode } from './wire.ts';
import { distance, faultOf, inputsOf, KINDS, kindOf, WORKLOADS, type Workload } from './workloads.ts';

const small: readonly Workload[] = [
  { ...WORKLOADS[0], id: 'product' } as Workload,
  ...(
    [
      { id: 'net', kind: 'classifier', sizes: { batch: 8, inputs: 6, first: 5, second: 4, dropRate: 0.5, lr: 0.001 } },
      { id: 'xor', kind: 'xor', sizes: { hidden: 3, lr: 0.01 } },
      { id: 'sigmoid', kind: 'sigmoid', sizes: { n: 100 } },
      { id: 'norm', kind: 'batchNormBoth', sizes: { rows: 6, columns: 3 } },
      { id: 'loss', kind: 'bceWithLogits', sizes: { n: 33 } },
      { id: 'adam', kind: 'adam', sizes: { n: 50, lr: 0.001 } },
      { id: 'mask', kind: 'dropoutMask', sizes: { n: 4096, dropRate: 0.5 } },
      { id: 'normal', kind: 'normal', sizes: { n: 4096 } },
    ] as const
  ).map((row): Workload => ({ ...row, chapter: 'W0', unit: { name: 'calls/s', perCall: 1 } })),
];

describe('the table', () => {
  test('every chapter is there, and no two workloads share a name', () => {
    expect(new Set(WORKLOADS.map((w) => w.id)).size).toBe(WORKLOADS.length);
    expect([...new Set(WORKLOADS.map((w) => w.chapter))]).toEqual(['W1', 'W2', 'W3', 'W4', 'W5', 'W6', 'W7']);
    expect(new Set(WORKLOADS.map((w) => w.kind))).toEqual(new Set(Object.keys(KINDS)));
  });

  test.each(small)('$id: inputs are the same every time, and float32 has them', ({ kind, sizes }) => {
    const [a, b] = [inputsOf(kind, sizes), inputsOf(kind, sizes)];
    expect(a).toEqual(b);
    for (const values of Object.values(a)) expect(values).toEqual(Float64Array.from(values, Math.fround));
    expect(decode(encode(a))).toEqual(a);
  });

  test('work of the training step is that of its products', () => {
    const [w2] = WORKLOADS.filter((w) => w.kind === 'classifier');
    const products = 784 * 512 * 2 + 512 * 256 * 3 + 256 * 3;
    expect(w2 === undefined ? 0 : kindOf(w2.kind).flops(w2.sizes)).toBe(2 * 128 * products);
  });
});

describe('checks', () => {
  test('distance is relative to the size, or to the way gone', () => {
    expect(distance([1, 2], [1, 2])).toBe(0);
    expect(distance([0, 2], [0, 1])).toBe(1);
    expect(distance([10.2], [10.1], [10])).toBeCloseTo(1, 9);
    expect([distance([1], [1, 2]), distance([Number.NaN], [1])]).toEqual([
      Number.POSITIVE_INFINITY,
      Number.POSITIVE_INFINITY,
    ]);
    expect(distance([0], [0])).toBe(0);
  });

  test('a missing or a wrong output is a fault', () => {
    const [check] = KINDS.sigmoid.checks;
    if (check?.by !== 'reference') throw new Error('the check of the sigmoid is by the reference');
    const expected = { y: [0.5, 0.25] };
    expect(faultOf(check, 'f32', {}, expected, expected)).toBeNull();
    expect(faultOf(check, 'f32', {}, {}, expected)).toBe('there is no y');
    expect(faultOf(check, 'f32', {}, { y: [0.5, 0.251] }, expected)).toContain('y is off by');
    expect(faultOf(check, 'f64', {}, { y: [0.5, 0.25 + 1e-9] }, expected)).toContain('y is off by');
  });

  const judged = (kind: 'normal' | 'dropoutMask', a: object, b: object): string | null => {
    const [check] = KINDS[kind].checks;
    if (check?.by !== 'draws') throw new Error('the check of draws is by their statistics');
    return check.judge(a as Record<string, number[]>, b as Record<string, number[]>);
  };

  test('draws that are honest pass, and others do not', () => {
    const n = 20_000;
    const draws = (seed: number): readonly number[] => normal(keyOf(seed), [n]).toArray();
    const flat = (seed: number): readonly number[] => uniform(keyOf(seed), [n]).toArray();
    expect(judged('normal', { x: draws(1) }, { x: draws(2) })).toBeNull();
    expect(judged('normal', { x: draws(1) }, { x: draws(1) })).toContain('the same draws');
    expect(judged('normal', { x: flat(1).map((u) => Math.sqrt(12) * (u - 0.5)) }, { x: draws(2) })).toContain(
      'order 4',
    );
    expect(judged('normal', { x: draws(1).map((z) => z + 0.1) }, { x: draws(2) })).toContain('order 1');
    const mask = (seed: number, rate: number, kept = 1) => flat(seed).map((u) => (u < rate ? 0 : kept));
    expect(judged('dropoutMask', { mask: mask(1, 0.5) }, { mask: mask(2, 0.5) })).toBeNull();
    expect(judged('dropoutMask', { mask: mask(1, 0.5, 2) }, { mask: mask(2, 0.5, 2) })).toBeNull();
    expect(judged('dropoutMask', { mask: mask(1, 0.4) }, { mask: mask(2, 0.4) })).toContain('the share that is kept');
    expect(judged('dropoutMask', { mask: flat(1) }, { mask: flat(2) })).toContain('has the values');
  });
});

describe('shares of the limit', () => {
  const limits: Limits = { fmaF32: 50, fmaF64: 25, mulAddF32: 40, mulAddF64: 20, copyGBs: 10 };
  test('arithmetic or traffic, whichever takes longer', () => {
    const product = { ...WORKLOADS[0], sizes: { n: 1000, transA: false, transB: false } } as Workload;
    expect(shareOf(limits, product, 'f32', 4e7)).toBe(1); // 2·10⁹ at 50 a nanosecond
    expect(shareOf(limits, product, 'f64', 16e7)).toBe(0.5);
    const relu = WORKLOADS.find((w) => w.kind === 'relu') as Workload;
    expect(shareOf(limits, relu, 'f32', 8e5)).toBe(1); // 8 bytes of each of 10⁶ at 10 a nanosecond
  });

  test('of two probes the better one counts', () => {
    expect(bestOf(null, null)).toBeNull();
    expect(bestOf(limits, null)).toEqual(limits);
    expect(bestOf(limits, { ...limits, fmaF32: 60, copyGBs: 5 })).toEqual({ ...limits, fmaF32: 60 });
  });
});

describe('engines side by side', () => {
  const home = mkdtempSync(join(tmpdir(), 'bench-'));
  afterAll(() => rmSync(home, { recursive: true, force: true }));
  const adapter = (name: string, body: string): Contender => {
    const path = join(home, `${name}.mjs`);
    const peer = new URL('./peer.ts', import.meta.url).href;
    writeFileSync(
      path,
      `import { definePeer, repeated } from ${JSON.stringify(peer)};
       export default definePeer({ engine: '${name}', version: '1', dtype: 'f64', threads: 1, ${body} });`,
    );
    return { name, language: 'JavaScript', command: adapterCommand(path), ours: false };
  };
  const right = 'repeated(() => { y = x.map((v) => 1 / (1 + Math.exp(-v))); }, () => ({ y }))';
  const contenders = (): readonly Contender[] => [
    REFERENCE,
    adapter('right', `can: { sigmoid: (_, { x }) => { let y = x; return ${right}; } }`),
    adapter('wrong', 'can: { sigmoid: (_, { x }) => repeated(() => {}, () => ({ y: x })), normal: () => null }'),
    adapter('broken', `can: { sigmoid: () => { throw new Error('out of order'); }, xor: () => process.exit(3) }`),
    adapter(
      'own',
      `differs: { xor: 'its own loss' },
       can: { xor: () => { let loss = 1; return repeated(() => { loss *= 0.999; }, () => ({ loss: [loss] })); } }`,
    ),
    { name: 'nowhere', language: 'JavaScript', command: ['/nowhere/at/all'], ours: false },
  ];

  test('what is right is timed, what is wrong or fails is said, what cannot be done is absent', async () => {
    const report: DuelReport = await runDuel(contenders(), REFERENCE, {
      workloads: small,
      rounds: 3,
      timePerTask: 6,
      mostPerTask: 100,
    });
    const outcomes = (engine: string) =>
      Object.fromEntries(report.rows.filter((r) => r.engine === engine).map((r) => [r.workload, r.outcome]));
    expect(outcomes(REFERENCE.name)).toEqual(Object.fromEntries(small.map((w) => [w.id, 'timed'])));
    expect(outcomes('right')).toEqual({ sigmoid: 'timed' });
    expect(outcomes('wrong')).toEqual({ sigmoid: 'wrong' });
    expect(outcomes('broken')).toEqual({ sigmoid: 'failed', xor: 'failed' });
    expect(outcomes('own')).toEqual({ xor: 'timed' });
    expect(report.missing.map((m) => m.name)).toEqual(['nowhere']);
    const row = report.rows.find((r) => r.engine === 'right');
    expect(row?.lead?.against).toBe(REFERENCE.name);
    expect(row?.median).toBeGreaterThan(0);
    const text = renderDuel(report, 'peers.svg');
    expect(text).not.toMatch(/NaN|undefined|null/);
    for (const said of ['out of order', 'its own loss', 'y is off by', 'nowhere']) expect(text).toContain(said);
    expect((await duelChart('peers', report)).svg).toContain('sigmoid');
  });
});
