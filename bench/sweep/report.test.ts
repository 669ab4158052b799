// The report under test: the same records give the same bytes, nothing that is not finite gets lost, and pages say what they must.
import { beforeAll, describe, expect, test } from 'vitest';
import { fromJson, toJson } from '../../src/index.ts';
import { draw } from '../chart.ts';
import { inventedSweep, protocolOf } from './invented.ts';
import type { Protocol } from './protocol.ts';
import { type RunRecord, withoutTiming } from './record.ts';
import { reportOf, type SweepReport, sweepCharts, sweepFiles, sweepLines, sweepPage, tidyCsv } from './report.ts';
import { runSweep } from './sweep.ts';

const protocol: Protocol = {
  ...protocolOf({
    problems: ['xor', 'breastCancer', 'rosenbrock'],
    n: 2,
    initializers: ['zeros', 'heNormal'],
    mode: 'rate',
    tuningSeeds: [1001],
  }),
  problems: ['xor', 'breastCancer', 'rosenbrock'].map((name) => ({ name, definition: '', steps: 6 })),
};

let records: ReadonlyMap<string, RunRecord>;
let report: SweepReport;
let files: Awaited<ReturnType<typeof sweepFiles>>;
beforeAll(async () => {
  records = await runSweep(protocol);
  report = await reportOf(protocol, records);
  files = await sweepFiles(report);
}, 120_000); // as long as a test

describe('the report', () => {
  test('a sweep is a function of its protocol, and a report of its records', async () => {
    const again = await runSweep(protocol);
    const bare = (map: typeof records) => [...map.values()].map(withoutTiming).sort((a, b) => (a.id < b.id ? -1 : 1));
    expect(bare(again)).toEqual(bare(records));
    expect(toJson(await reportOf(protocol, new Map([...again].reverse())))).toBe(toJson(report));
  });

  test('JSON keeps what is not finite', () => {
    const text = toJson(report);
    expect(text).toContain('"Infinity"');
    expect(fromJson(text)).toEqual(
      JSON.parse(
        JSON.stringify(report, (_, v) => (typeof v === 'number' && !Number.isFinite(v) ? `#${v}` : v)),
        (_, v) => (typeof v === 'string' && /^#(-?Infinity|NaN)$/.test(v) ? Number(v.slice(1)) : v),
      ),
    );
    expect(fromJson(toJson([Number.NaN, Number.NEGATIVE_INFINITY, [1, 2.5e-9]]))).toEqual([
      Number.NaN,
      Number.NEGATIVE_INFINITY,
      [1, 2.5e-9],
    ]);
  });

  test('page and charts depend on the report only, also after a round trip through JSON', async () => {
    const again = fromJson(toJson(report)) as SweepReport; // what was just written
    expect(await sweepFiles(again)).toEqual(files);
    const names = files.map(([name]) => name);
    expect(names.slice(0, 2)).toEqual(['sweep.json', 'sweep.md']);
    for (const kind of ['curves', 'rates', 'gradients']) expect(names).toContain(`${kind}-xor.svg`);
    for (const name of [
      'heat.svg',
      'wins-network.svg',
      'reached-network.svg',
      'cost.svg',
      'trajectories-rosenbrock.svg',
    ])
      expect(names).toContain(name);
  });

  test('the page begins with the answer, shows what lies beside it, and never says undefined', () => {
    const page = files.find(([name]) => name === 'sweep.md')?.[1] ?? '';
    expect(page).toMatch(/^# Sweep[^\n]*\n\n## The answer\n\n- /);
    expect(page).not.toMatch(/NaN|undefined|null/);
    for (const { name } of report.summary.tasks) expect(page).toContain(`### ${name}`);
    const shown = [...page.matchAll(/\]\(([^)]+\.svg)\)/g)].map(([, name]) => name);
    const drawn = files.map(([name]) => name).filter((name) => name.endsWith('.svg'));
    expect([...shown].sort()).toEqual([...drawn].sort());
    expect(sweepLines(report.summary).join('')).not.toContain('**');
  });

  test('checks of the instrument and known results are told, broken ones too', () => {
    const text = sweepPage(
      {
        ...report,
        checks: [{ id: 'a', holds: false, text: 'gradient descent is stable below 2/L' }],
        known: [{ id: 'b', claim: 'He beats Xavier', source: 'He 2015', verdict: 'not seen', text: '0.4' }],
      },
      [],
    );
    expect(text).toContain('**broken**: gradient descent is stable below 2/L');
    expect(text).toContain('| He beats Xavier | not seen | 0.4 | He 2015 |');
  });

  test('charts of failures: nothing but failures is drawn too', async () => {
    const some = protocolOf({ n: 6, initializers: ['zeros', 'heNormal'] });
    for (const lossOf of [
      () => Number.POSITIVE_INFINITY,
      ({ seed }: { readonly seed: number }) => (seed < 4 ? Number.POSITIVE_INFINITY : 0.01),
    ]) {
      const { summary } = await reportOf(some, await inventedSweep(some, lossOf));
      const charts = await sweepCharts(summary, []);
      const heat = charts.find(({ name }) => name === 'heat')?.svg ?? '';
      expect(heat).toContain(`${summary.cells[0]?.metrics?.failed}/6 ✗`);
      expect(heat).toContain('∞');
      for (const { svg } of charts) expect(svg).not.toMatch(/NaN|undefined|Infinity/);
    }
    const { summary } = await reportOf(some, new Map());
    expect((await sweepCharts(summary, [])).find(({ name }) => name === 'heat')?.svg).toContain('>?<');
  });

  test('ids of charts never meet', async () => {
    const clipped = (name: string) =>
      draw(name, {
        data: { values: [{ x: 1, y: 2 }] },
        mark: { type: 'line', clip: true },
        encoding: { x: { field: 'x', type: 'quantitative' }, y: { field: 'y', type: 'quantitative' } },
      });
    const idsOf = (svg: string) => [...svg.matchAll(/\sid="([^"]+)"/g)].map((m) => m[1]);
    const [a, b] = [await clipped('a'), await clipped('b')];
    const drawn = files.filter(([name]) => name.endsWith('.svg')).map(([, svg]) => svg);
    const ids = [...drawn, a.svg, b.svg].flatMap(idsOf);
    expect(idsOf(a.svg).length).toBeGreaterThan(0);
    expect(new Set(ids).size).toBe(ids.length);
    expect(await clipped('a')).toEqual(a);
    for (const [, id] of a.svg.matchAll(/url\(#([^)]+)\)/g)) expect(idsOf(a.svg)).toContain(id);
  });

  test('the tidy table has a line per run and metric, and quotes what it must', () => {
    const [head = '', ...lines] = [...tidyCsv(protocol, records)];
    expect(head.trimEnd().split(',')).toHaveLength(12);
    expect(lines.length).toBeGreaterThan(8 * records.size);
    expect(lines.every((line) => line.endsWith('\n') && line.split(',').length === 12)).toBe(true);
    const [record] = records.values();
    const own = lines.filter((line) => line.startsWith(`${record?.id},`));
    expect(own.find((line) => line.includes(',finalLoss,'))).toContain(`,${record?.finalLoss}\n`);
    const scheduled = {
      ...record,
      id: 'r-1',
      config: { ...record?.config, optimizer: { name: 'adam', schedule: { name: 'cosine' } } },
    } as unknown as RunRecord; // for its label
    expect([...tidyCsv(protocol, new Map([['r-1', scheduled]]))][1]).toContain(',"adam, cosine",');
  });
});
