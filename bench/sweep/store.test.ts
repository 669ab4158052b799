// Records on disk: what is torn is dropped, what is twice is once, what contradicts itself is an error, and nothing depends on an order.
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { fold, keyOf, uniform } from '../../src/index.ts';
import { idOf } from './config.ts';
import { lineOf, type RunRecord, withoutTiming } from './record.ts';
import { smallAxes } from './samples.ts';
import {
  Conflict,
  mergeInto,
  openStore,
  recordsIn,
  recordsOfAll,
  StoreFault,
  timesBeside,
  writeWhole,
} from './store.ts';
import { runSweep } from './sweep.ts';
import { protocolOf } from './tiers.ts';

const dir = mkdtempSync(join(tmpdir(), 'tautograd-store-'));
const at = (name: string): string => join(dir, name);
const written = (name: string, records: readonly RunRecord[], more = ''): string => {
  writeFileSync(at(name), records.map(lineOf).join('') + more);
  return at(name);
};
const read = (path: string): readonly RunRecord[] => [...recordsIn(path)].map(({ record }) => record);
const merged = (...paths: readonly string[]): string => {
  mergeInto(at('merged'), paths);
  return readFileSync(at('merged'), 'utf8') + readFileSync(timesBeside(at('merged')), 'utf8');
};

let all: readonly RunRecord[];
beforeAll(async () => {
  all = [...(await runSweep(await protocolOf(smallAxes))).values()];
}, 300_000);
afterAll(() => rmSync(dir, { recursive: true }));

test('records are read as they were written, failures included', () => {
  expect(all.length).toBe(2 * 2 * 4 + 2);
  const odd = { ...(all[0] as RunRecord), finalLoss: Number.POSITIVE_INFINITY, score: Number.NaN, bestLoss: -0 };
  expect(read(written('whole', [...all.slice(1), odd]))).toEqual([...all.slice(1), odd]);
});

test('a line longer than what is read at once is one record', () => {
  const long = { ...(all[0] as RunRecord), message: 'é'.repeat(2 ** 20) };
  const path = written('long', [long, all[1] as RunRecord, long]);
  expect(read(path)).toEqual([long, all[1], long]);
  expect(mergeInto(at('long-merged'), [path])).toMatchObject({ runs: 2, repeated: 1 });
  expect(read(at('long-merged')).find(({ id }) => id === long.id)?.message).toBe(long.message);
});

test('wherever the text is cut, exactly the runs behind the cut are lost, and what follows is whole', () => {
  const three = all.slice(0, 3);
  const text = three.map(lineOf).join('');
  const ends = [0, 1, 2, 3].map((n) => Buffer.byteLength(three.slice(0, n).map(lineOf).join('')));
  for (let cut = 0; cut <= text.length; cut += cut > text.length - 30 ? 1 : 97) {
    const path = written('cut', three);
    truncateSync(path, cut);
    const whole = ends.findLastIndex((end) => end <= cut);
    const found: string[] = [];
    const store = openStore(path, ({ id }) => found.push(id));
    expect(found).toEqual(three.slice(0, whole).map(({ id }) => id));
    expect(store.cut).toBe(cut - (ends[whole] as number));
    store.append(all[5] as RunRecord);
    store.close();
    expect(read(path)).toEqual([...three.slice(0, whole), all[5]]);
  }
});

describe('merging is the union of sets', () => {
  /** Shares that overlap, drawn from a seed. */
  const shares = (seed: number): readonly string[] =>
    [0, 1, 2].map((share) => {
      const u = uniform(fold(keyOf(seed), share), [all.length]).view;
      const own = all.filter((_, i) => (u[i] as number) < 1 / 2);
      const slow = own.map((r) => ({ ...r, timing: { ...r.timing, seconds: r.timing.seconds + share } }));
      return written(`share-${share}`, share === 1 ? [...slow].reverse() : slow);
    });
  for (let seed = 0; seed < 20; seed++)
    test(`whatever the order, the grouping, and the repetition: ${seed}`, () => {
      const [a, b, c] = shares(seed) as [string, string, string];
      const once = merged(a, b, c);
      expect(merged(c, a, b)).toBe(once);
      expect(merged(a, a, b, c, b)).toBe(once);
      mergeInto(at('ab'), [a, b]);
      expect(merged(at('ab'), c)).toBe(once);
      mergeInto(at('bc'), [b, c]);
      expect(merged(a, at('bc'))).toBe(once);
      mergeInto(at('again'), [at('merged')]);
      expect(merged(at('again'), at('merged'))).toBe(once);
    });

  test('a file may take the place of one of its parts', () => {
    const once = merged(written('x', all.slice(0, 9)), written('y', all.slice(5)));
    mergeInto(at('x'), [at('x'), at('y')]);
    expect(merged(at('x'))).toBe(once);
  });

  test('times stand apart, the shortest of each, and come back when records are read', () => {
    const [r] = all as [RunRecord];
    const timed = (seconds: number): RunRecord => ({
      ...r,
      timing: { seconds, secondsToTarget: Number.POSITIVE_INFINITY },
    });
    merged(written('slow', [timed(3)]), written('fast', [timed(2)]));
    expect(readFileSync(at('merged'), 'utf8')).not.toContain('seconds"');
    expect([...recordsOfAll([at('merged')])]).toEqual([timed(2)]);
  });

  test('more files than a process may have open', () => {
    const paths = Array.from({ length: 450 }, (_, i) => written(`many-${i}`, [all[i % all.length] as RunRecord]));
    expect(mergeInto(at('of-many'), paths)).toEqual({ runs: all.length, repeated: 450 - all.length, torn: [] });
  });

  test('one run with two results is an error that names both', () => {
    const [r] = all as [RunRecord];
    const a = written('a', [r]);
    const b = written('b', [{ ...r, finalLoss: r.finalLoss + 2 ** -40 }]);
    expect(() => mergeInto(at('no'), [a, b])).toThrow(Conflict);
    expect(() => mergeInto(at('no'), [a, b])).toThrow(
      new RegExp(`^sweep: ${r.id} has two results: digest [0-9a-f]{16} in ${a} and [0-9a-f]{16} in ${b} `),
    );
    expect(existsSync(at('no'))).toBe(false);
  });

  test('a record under another name is an error', () => {
    const [r] = all as [RunRecord];
    const forged = { ...r, config: { ...r.config, seed: 77 } };
    expect(() => mergeInto(at('no'), [written('forged', [forged])])).toThrow(
      `sweep: line 1 of ${at('forged')} is called ${r.id}, but its configuration is ${idOf(forged.config)}`,
    );
  });

  test('a torn last line is left out, and told', () => {
    const [r] = all as [RunRecord];
    const torn = written('torn', all.slice(1, 3), lineOf(r).slice(0, -1));
    expect(mergeInto(at('of-torn'), [torn])).toEqual({ runs: 2, repeated: 0, torn: [torn] });
    appendFileSync(torn, `\n${lineOf(all[4] as RunRecord)}`);
    expect(mergeInto(at('of-torn'), [torn]).runs).toBe(4);
  });
});

describe('what goes wrong is said in a sentence', () => {
  const faults: readonly (readonly [string, () => unknown, RegExp])[] = [
    ['no file', () => read(at('nowhere')), /^sweep: .*nowhere cannot be read: there is no such file$/],
    ['a directory', () => read(dir), /cannot be read: it is a directory$/],
    ['no record', () => read(written('prose', [], 'hello\n')), /^sweep: line 1 of .*prose is no record, got "hello"$/],
    ['another kind of line', () => read(written('other', [], '{"id":3}\n')), /is no record, it needs id and config$/],
    ['a folder that is a file', () => openStore(join(written('file', []), 'x')), /cannot be written: /],
  ];
  for (const [name, act, text] of faults)
    test(name, () => {
      expect(act).toThrow(StoreFault);
      expect(act).toThrow(text);
    });

  test.skipIf(!existsSync('/dev/full'))(
    'a full disk, and the device is still there (skipped where there is no /dev/full)',
    () => {
      const store = openStore('/dev/full');
      expect(() => store.append(all[0] as RunRecord)).toThrow(
        'sweep: /dev/full cannot be written: there is no room left on the device; all runs before this one are kept',
      );
      store.close();
      expect(() => writeWhole('/dev/full', ['x'])).toThrow(/there is no room left on the device/);
      expect(() => openStore('/dev/full').append(all[0] as RunRecord)).toThrow(/no room/);
    },
  );

  test('what was there stays when a new text cannot be finished', () => {
    writeFileSync(at('kept'), 'old');
    const pieces = function* () {
      yield 'new';
      throw new StoreFault('no more');
    };
    expect(() => writeWhole(at('kept'), pieces())).toThrow('no more');
    expect(readFileSync(at('kept'), 'utf8')).toBe('old');
    mkdirSync(at('folder'), { recursive: true });
    expect(() => writeWhole(at('folder'), ['x'])).toThrow(/cannot be written/);
  });
});

test('the result of a run has no times', () => {
  expect(Object.keys(withoutTiming(all[0] as RunRecord))).not.toContain('timing');
});
