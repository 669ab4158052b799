// The laws of threads, on random programs of which everything is shared out: the bits of one thread, whoever does which part.
import { spawnSync } from 'node:child_process';
import { setTimeout as wait } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Worker } from 'node:worker_threads';
import fc from 'fast-check';
import { afterAll, afterEach, describe, expect, test, vi } from 'vitest';
import {
  compile,
  compiledSteps,
  type Dtype,
  type Helper,
  keyOf,
  type Lang,
  type Mode,
  mlp,
  modelOf,
  normal,
  ops,
  optimizerOf,
  type Spawn,
  scalar,
  start,
  startThreads,
  Tensor,
  type Threads,
  ThreadsError,
  trace,
} from '../src/index.ts';
import { type Machine, machineOf } from '../src/internal.ts';
import { startThreads as startNode } from '../src/node.ts';
import { arbitrary, bits, inputsOf, prepared, programFor, programOf, resultsOf } from './recipes.ts';

/** Nothing is too small to be shared out. */
const least = 0;
const started: Threads[] = [];
const kept = (threads: Threads): Threads => {
  started.push(threads);
  return threads;
};
afterAll(() => {
  for (const threads of started) threads.end();
});
afterEach(() => {
  vi.unstubAllGlobals();
});
const [one, two, three] = [1, 2, 3].map((count) => kept(startNode(count))) as [Threads, Threads, Threads];

/** A worker of Node on a script of the web, which may be another than the engine's. */
const spawning =
  (changed: (script: string) => string, posted: () => void = () => {}): Spawn =>
  (script, failed): Helper => {
    const head = `const { parentPort } = require('node:worker_threads'); parentPort.on('message', (data) => onmessage({ data }));`;
    const worker = new Worker(head + changed(script), { eval: true });
    worker.unref();
    worker.on('error', (error) => failed((error as Error).message));
    return {
      post: (message) => {
        posted();
        worker.postMessage(message);
      },
      end: () => void worker.terminate(),
    };
  };
const same = (script: string): string => script;

/** Does something again and again, for ten seconds at most, until it is enough. */
const until = async (enough: () => boolean, act: () => void): Promise<void> => {
  const end = performance.now() + 10_000;
  while (!enough() && performance.now() < end) {
    act();
    await wait(1);
  }
};
/** A machine that squares a matrix and adds it to itself. */
const squaring = (n: number, threads: Threads): Machine => {
  const program = trace(<T>(o: Lang<T>, [x]: readonly T[]) => [o.add(o.matmul(x as T, x as T), x as T)], [[n, n]]);
  const machine = machineOf(program, { threads, least });
  machine.inputs[0]?.fill(1);
  return machine;
};

describe('a program on threads', () => {
  test('gives the bits of the eager engine, whatever the arena held', () => {
    fc.assert(
      fc.property(arbitrary, fc.constantFrom(one, two, three), (recipe, threads) => {
        const machine = prepared(recipe, 'f64', 0xff, { threads, least });
        machine.run(1);
        expect(resultsOf(recipe, machine)).toEqual(programOf(recipe)(ops, inputsOf(recipe)).map(bits));
      }),
      { numRuns: 200, seed: 21 },
    );
  });

  test.each([
    ['f64', 'reproducible'],
    ['f64', 'fast'],
    ['f32', 'reproducible'],
    ['f32', 'fast'],
  ] as const)('gives the bits of one thread, step after step, in %s, %s', (dtype: Dtype, mode: Mode) => {
    let helped = 0;
    fc.assert(
      fc.property(arbitrary, fc.constantFrom(two, three), (recipe, threads) => {
        const alone = prepared(recipe, dtype, 0xff, { mode });
        const together = prepared(recipe, dtype, 0, { mode, threads, least });
        for (let k = 0; k < 20; k++) {
          alone.run(15);
          together.run(15);
          expect(resultsOf(recipe, together)).toEqual(resultsOf(recipe, alone));
        }
        helped += together.made.helped();
      }),
      { numRuns: 100, seed: 22 },
    );
    expect(helped).toBeGreaterThan(0);
  });

  test('has parts that may be done in any order', () => {
    let parts = 0;
    fc.assert(
      fc.property(arbitrary, fc.nat(), (recipe, turned) => {
        const machine = machineOf(programFor(recipe, 'f64'), { threads: three, least, profile: true });
        for (const [i, x] of inputsOf(recipe).entries()) machine.inputs[i]?.set(x.view);
        machine.made.groups.forEach((group, k) => {
          const own = machine.made.parts[k] ?? [];
          parts += own.length;
          if (own.length === 0) group();
          own.forEach((_, i) => {
            own[own.length - 1 - ((i + turned) % own.length)]?.();
          });
        });
        expect(machine.outputs.map(bits)).toEqual(programOf(recipe)(ops, inputsOf(recipe)).map(bits));
      }),
      { numRuns: 150, seed: 23 },
    );
    expect(parts).toBeGreaterThan(500);
  });

  test('multiplies matrices of any size and direction', () => {
    const size = fc.integer({ min: 1, max: 70 });
    fc.assert(
      fc.property(size, size, size, fc.boolean(), fc.boolean(), (m, k, n, left, right) => {
        const f = <T>(o: Lang<T>, [a, b]: readonly T[]) => [
          o.matmul(left ? o.transpose(a as T) : (a as T), right ? o.transpose(b as T) : (b as T)),
        ];
        const xs = [normal(keyOf(1), left ? [k, m] : [m, k]), normal(keyOf(2), right ? [n, k] : [k, n])];
        const program = trace(
          f,
          xs.map((x) => x.shape),
        );
        const machine = machineOf(program, { threads: three, least });
        for (const [i, x] of xs.entries()) machine.inputs[i]?.set(x.view);
        machine.run(1);
        expect(machine.outputs.map(bits)).toEqual(f(ops, xs).map(bits));
      }),
      { numRuns: 60, seed: 24 },
    );
  });

  test('draws as many numbers as one likes', () => {
    for (const n of [1, 24, 25, 1535, 1536, 1537, 3100, 5000]) {
      const f = <T>(o: Lang<T>, [k]: readonly T[]) => [
        o.uniform(k as T, { key: [7, 9], shape: [n] }),
        o.normal(k as T, { key: [7, 9], shape: [n] }),
      ];
      const machine = machineOf(trace(f, [[]]), { threads: three, least });
      machine.inputs[0]?.set([4]);
      machine.run(1);
      expect(machine.outputs.map(bits)).toEqual(f(ops, [scalar(4)]).map(bits));
    }
  });

  test('is trained as on one', () => {
    const setup = {
      model: modelOf({
        layers: [
          { type: 'dense', units: 200 },
          { type: 'batchNorm' },
          { type: 'activation', name: 'relu' },
          { type: 'dropout', dropRate: 0.5 },
          ...mlp([96, 1], 'tanh', 'xavierNormal'),
        ],
        loss: 'bceWithLogits',
      }),
      optimizer: optimizerOf('adam'),
    };
    const from = start(setup, keyOf(3), [120]);
    const x = normal(keyOf(4), [64, 120]);
    const y = Tensor.from(
      [64, 1],
      Array.from({ length: 64 }, (_, i) => i % 2),
    );
    const batches = Array.from({ length: 12 }, () => ({ x, y }));
    expect(compiledSteps(setup, from, batches, { threads: two })).toEqual(compiledSteps(setup, from, batches));
  });

  test('is not shared out where that would not pay', () => {
    const program = trace((o, [x]) => [o.neg(x as NonNullable<typeof x>)], [[64]]);
    expect(machineOf(program, { threads: two }).made.shared).toBe(0);
    expect(machineOf(program, { threads: two, least }).made.shared).toBe(1);
  });
});

describe('helpers', () => {
  test('help', async () => {
    const machine = squaring(96, two);
    await until(
      () => machine.made.helped() > 0,
      () => machine.run(20),
    );
    expect(machine.made.helped()).toBeGreaterThan(0);
    expect(machine.outputs.map(bits)).toEqual([Array<number>(96 * 96).fill(97)]);
  });

  test('are called where work is, and stay there as long as there is some', async () => {
    let posts = 0;
    const threads = kept(
      startThreads(
        2,
        spawning(same, () => posts++),
      ),
    );
    const [a, b] = [squaring(64, threads), squaring(64, threads)];
    for (const machine of [a, b, a]) {
      const [before, helped] = [posts, machine.made.helped()];
      await until(
        () => machine.made.helped() > helped,
        () => machine.run(20),
      );
      expect(posts).toBeGreaterThan(before);
    }
    const before = posts;
    for (let k = 0; k < 500; k++) a.run(1);
    expect(posts - before).toBeLessThan(50); // one is only called again if this thread was made to wait meanwhile
  });

  test('leave a machine that rests, and are called again', async () => {
    let posts = 0;
    const threads = kept(
      startThreads(
        2,
        spawning(same, () => posts++),
      ),
    );
    const machine = squaring(64, threads);
    await until(
      () => machine.made.helped() > 0,
      () => machine.run(20),
    );
    const before = posts;
    for (let k = 0; k < 20 && posts === before; k++) {
      await wait(500); // ten times as long as a helper waits in a machine that rests
      machine.run(1);
    }
    expect(posts).toBeGreaterThan(before);
  });

  test('serve many machines, which are collected when nobody has them', async () => {
    let spawned = 0;
    const spawn: Spawn = (script, failed) => {
      spawned++;
      return spawning(same)(script, failed);
    };
    const threads = kept(startThreads(2, spawn));
    const memories = Array.from({ length: 60 }, () => {
      const machine = squaring(32, threads);
      machine.run(5);
      return new WeakRef(machine.inputs[0]?.buffer as object);
    });
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    // one that was looked at stays for the rest of its turn
    for (let k = 0; k < 10; k++) {
      await wait(5);
      collect();
    }
    expect(memories.filter((m) => m.deref() !== undefined)).toEqual([]);
    expect(spawned).toBe(1);
  });

  test('are not needed: without them results are the same', async () => {
    const threads = startNode(2);
    const machine = squaring(64, threads);
    machine.run(1);
    const want = machine.outputs.map(bits);
    threads.end();
    machine.outputs[0]?.fill(0);
    machine.run(3);
    expect(machine.outputs.map(bits)).toEqual(want);
    const f = compile((o, [x]) => [o.exp(x as NonNullable<typeof x>)], { threads });
    const x = normal(keyOf(5), [300, 300]);
    expect(f([x]).map(bits)).toEqual([bits(ops.exp(x))]);
  });

  test('keep no process alive', () => {
    const url = (file: string): string => JSON.stringify(new URL(`../src/${file}`, import.meta.url).href);
    const text = `
      import { scan, Tensor } from ${url('index.ts')};
      import { startThreads } from ${url('node.ts')};
      const step = (o, [x]) => ({ state: [o.mul(x, o.lit(0.5))], outputs: [] });
      const x = Tensor.build([200, 1000], (out) => out.fill(1));
      const { state } = scan(step, { threads: startThreads(2) }).repeat([x], [], 400);
      console.log(state[0].view[0]);`;
    const { status, stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', text], {
      encoding: 'utf8',
      timeout: 60_000,
    });
    expect([status, Number(stdout)]).toEqual([0, 2 ** -400]);
  });

  test('that fail are told of, in one sentence, and nothing waits for them for ever', async () => {
    const faults: readonly (readonly [string, string])[] = [
      ['before they begin', `throw new Error('lost');`],
      [
        'with a part in hand',
        `for (;;) {
          const t = Atomics.load(words, 0);
          if ((t & 255) < ((t >> 8) & 255) && Atomics.compareExchange(words, 0, t, t + 1) === t) throw new Error('lost');
        }`,
      ],
    ];
    for (const [when, fault] of faults) {
      const threads = kept(
        startThreads(
          2,
          spawning((s) => s.replace(/new WebAssembly\.Instance.*\n/, fault)),
        ),
      );
      const machine = squaring(64, threads);
      const told: unknown[] = [];
      const lost = 'ThreadsError: threads: a helper has failed: lost';
      await until(
        () => told.map(String).includes(lost),
        () => {
          try {
            machine.run(20);
          } catch (error) {
            told.push(error);
          }
        },
      );
      expect(told.map(String), when).toContain(lost);
      for (const error of told) expect(error).toBeInstanceOf(ThreadsError);
      threads.end();
      expect(() => squaring(64, threads).run(1)).not.toThrow();
    }
  });

  test('are workers of the web where nothing else is said', async () => {
    /** What a page has, made of what Node has. */
    class Page {
      static ended = 0;
      onerror = () => {};
      private readonly inner: Promise<Helper>;
      constructor(url: string) {
        this.inner = fetch(url)
          .then((r) => r.text())
          .then((script) => spawning(same)(script, () => this.onerror()));
      }
      postMessage(message: object): void {
        void this.inner.then(({ post }) => post(message));
      }
      terminate(): void {
        Page.ended++;
        void this.inner.then(({ end }) => end());
      }
    }
    vi.stubGlobal('Worker', Page);
    const threads = startThreads(3);
    const machine = squaring(96, threads);
    await until(
      () => machine.made.helped() > 0,
      () => machine.run(20),
    );
    expect(machine.made.helped()).toBeGreaterThan(0);
    threads.end();
    expect(Page.ended).toBe(2);
  });

  test('are refused where there can be none', () => {
    expect(() => startNode(0)).toThrow('threads: their number must be a whole one from 1 to 64, got 0');
    expect(() => startNode(1.5)).toThrow('from 1 to 64, got 1.5');
    expect(() => startThreads(2)).toThrow('threads: this host has no workers of the web');
    vi.stubGlobal('SharedArrayBuffer', undefined);
    expect(() => startThreads(2, spawning(same))).toThrow('threads: this host grants no shared memory');
  });
});
