// The protocol under test: what is needed follows from what is known, seeds never mix, and what is known is not made again.
import { describe, expect, test } from 'vitest';
import { invented, inventedSweep, protocolOf } from './invented.ts';
import { cellsOf, checkProtocol, nextRuns, placesOf } from './protocol.ts';
import type { RunRecord } from './record.ts';
import { type Runner, runSweep } from './sweep.ts';

describe('the protocol', () => {
  test('seeds to tune on and seeds to report must differ', async () => {
    await expect(runSweep(protocolOf({ tuningSeeds: [2] }))).rejects.toThrow('got 2 in both');
    expect(() => checkProtocol(protocolOf({ n: 0 }))).toThrow('got none');
    expect(() => checkProtocol(protocolOf({ optimizers: [] }))).toThrow('got no optimizers');
    expect(() => checkProtocol(protocolOf({ mode: 'budget' }))).toThrow('needs budgets');
    expect(() => checkProtocol(protocolOf({ optimizers: ['adamm'] }))).toThrow('adamm');
  });

  test('rates are chosen on the tuning seeds alone, and reported on the others', async () => {
    const seen: { readonly seed: number; readonly lr: number }[] = [];
    const runner: Runner = async (runs, done) => {
      for (const run of runs) {
        seen.push({ seed: run.seed, lr: run.lr });
        // the reporting seeds would choose another rate
        done(invented(run, Math.abs(Math.log10(run.lr / (run.seed > 1000 ? 0.1 : 1)))));
      }
    };
    const protocol = protocolOf({ mode: 'rate', optimizers: ['sgd'], n: 4 });
    const all = await runSweep(protocol, { runner });
    const [cell] = cellsOf(protocol, all);
    expect(cell?.chosen?.lr).toBe(0.1);
    expect(cell?.runs.map(({ config }) => config.seed)).toEqual([1, 2, 3, 4]);
    expect(new Set(seen.filter(({ seed }) => seed <= 1000).map(({ lr }) => lr))).toEqual(new Set([0.1]));
  });

  test('an optimizer or initializer more changes no run of the others', async () => {
    const small = await inventedSweep(protocolOf({ n: 3 }), () => 0.1);
    const large = await inventedSweep(
      protocolOf({ n: 3, optimizers: ['sgd', 'adam', 'momentum'], initializers: ['zeros', 'heNormal'] }),
      () => 0.1,
    );
    for (const id of small.keys()) expect(large.has(id)).toBe(true);
  });

  test('what is known is not made again, and any half of it leads to the same end', async () => {
    const protocol = protocolOf({ mode: 'rate', n: 3 });
    const lossOf = ({ lr }: { readonly lr: number }): number => Math.abs(Math.log10(lr / 0.03));
    const whole = await inventedSweep(protocol, lossOf);
    const made: string[] = [];
    const half = new Map([...whole].filter((_, i) => i % 2 === 0));
    const rest = await runSweep(protocol, {
      known: half,
      runner: async (runs, done) => {
        for (const run of runs) {
          const record = invented(run, lossOf(run));
          made.push(record.id);
          done(record);
        }
      },
    });
    expect(new Map([...rest].sort())).toEqual(new Map([...whole].sort()));
    expect(made.some((id) => half.has(id))).toBe(false);
    expect(nextRuns(protocol, whole)).toEqual([]);
  });

  test('functions have one initializer and no variants, and one run where nothing is drawn', () => {
    const protocol = protocolOf({
      problems: ['xor', 'rosenbrock'],
      initializers: ['zeros', 'heNormal'],
      variants: [{}, { l2: 0.1 }],
      optimizers: ['sgd'],
    });
    expect(
      placesOf(protocol).map(({ problem, initializer, variant }) => [problem, initializer, variant.l2 ?? 0]),
    ).toEqual([
      ['xor', 'zeros', 0],
      ['xor', 'heNormal', 0],
      ['xor', 'zeros', 0.1],
      ['xor', 'heNormal', 0.1],
      ['rosenbrock', 'given', 0],
    ]);
    expect(nextRuns({ ...protocol, problems: protocol.problems.slice(1) }, new Map())).toHaveLength(1);
  });

  test('a runner that loses a record is found out', async () => {
    const lost: Runner = async (runs, done) => {
      for (const run of runs.slice(1)) done(invented(run, 1) as RunRecord);
    };
    await expect(runSweep(protocolOf(), { runner: lost })).rejects.toThrow('no record came of r-');
  });
});
