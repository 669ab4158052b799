// `tautograd vectors` as people use it: files are written and judged, and every way of ending badly has its sentence and its code.
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { terminal } from './terminal.ts';

const at = (path: string): string => new URL(path, import.meta.url).href;

const { home, leave, run } = terminal('vectors');
afterAll(leave);

/** An adapter of one gain and one clip. */
const adapter = (name: string, gain: string, more = ''): string => {
  writeFileSync(
    join(home, `${name}.mjs`),
    `import { definePort } from ${JSON.stringify(at('../../properties/port.ts'))};
const cut = (limit) => ({ shape, data }) => ({ shape, data: Array.from(data, (v) => Math.max(-limit, Math.min(limit, v))) });
export default definePort({ engine: '${name}', version: '1', dtype: 'f64', ${more} entries: {
  gain: { relu: { value: () => ({ gain: ${gain} }) } },
  clip: { by_value: { apply: ({ gradients, limit }) => ({ gradients: gradients.map(cut(limit)) }) } },
} });`,
  );
  return `${name}.mjs`;
};

describe('vectors', () => {
  beforeAll(async () => {
    const { code, out, err } = await run('export', '--entries', 'gain.*,clip.*', '--out', 'files');
    expect(err).toBe('');
    expect(out).toMatch(/wrote files: \d+ cases of 9 entries, \d+ of them exact, 0\.\d MB; seed 1\n$/);
    expect(code).toBe(0);
  }, 600_000);

  test('find the built-in engine right, and an adapter as far as it goes', async () => {
    const own = await run('check', '--from', 'files');
    expect(own.out).toMatch(/✓ clip +(\d+) of \1 right, margin /);
    expect(own.out).toMatch(/(\d+) cases: \1 right, 0 wrong, 0 crashed, 0 not covered\n$/);
    expect(own.code).toBe(0);
    const part = await run('check', adapter('part', 'Math.SQRT2'), '--from', 'files');
    expect(part.out).toMatch(/\d+ right, 0 wrong, 0 crashed, \d\d+ not covered\n$/);
    expect(part.code).toBe(0);
  }, 600_000);

  test('name the case, the place and the bound of what is wrong, also for machines', async () => {
    const file = adapter('wrong', '2');
    const { code, out } = await run('check', file, '--from', 'files', '--entries', 'gain.*');
    expect(out).toContain('✗ gain.relu.value/1  (initializer/gain-of-activation)\n    gain, number 0: expected 1.414');
    expect(out).toMatch(/got 2, allowed error \d/);
    expect(code).toBe(1);
    const told = JSON.parse((await run('check', file, '--from', 'files', '--entries', 'gain.*', '--json')).out);
    const [wrong] = told.outcomes.filter((o: { readonly status: string }) => o.status === 'wrong');
    expect(wrong).toMatchObject({ id: 'gain.relu.value/1', wrong: { field: 'gain', got: 2 } });
  }, 600_000);

  test('say that a port crashed', async () => {
    const { code, out } = await run('check', adapter('broken', 'null.x'), '--from', 'files');
    expect(out).toContain('✗ gain.relu.value/1  crashed');
    expect(code).toBe(3);
  }, 600_000);

  test('end with a sentence where they say nothing of what is asked', async () => {
    const other = await run('check', adapter('other', '1', "conventions: { bnEps: 'outside' },"), '--from', 'files');
    expect(other.err).toContain('they are for bnEps inside, not outside, as other declares');
    const changed = join(home, 'files', 'gain.jsonl');
    const text = readFileSync(changed, 'utf8');
    appendFileSync(changed, '\n');
    const broken = await run('check', '--from', 'files');
    writeFileSync(changed, text);
    expect(broken.err).toContain('is not as it was exported');
    const nowhere = await run('check', '--from', 'nowhere');
    expect(nowhere.err).toMatch(/there is no file nowhere.manifest\.json/);
    const both = await run('check', 'part.mjs', '--from', 'files', '--answers', 'x');
    expect(both.err).toContain('either a file of answers, or an engine to ask');
    const glob = await run('export', '--entries', 'gains.*');
    expect(glob.err).toContain('no entry matches "gains.*"');
    writeFileSync(join(home, 'strange.jsonl'), '{"id":"gain.elu.value/1","outputs":{}}\n');
    const strange = await run('check', '--from', 'files', '--answers', 'strange.jsonl');
    expect(strange.err).toContain('there is no case gain.elu.value/1');
    for (const { code } of [other, broken, nowhere, both, glob, strange]) expect(code).toBe(2);
  }, 600_000);
});
