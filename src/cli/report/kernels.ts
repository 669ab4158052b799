// Speed: workloads as shares of the machine's limit and against peers, then operations, training steps, memory and growth.
import type { DuelReport, Standing } from '../../../bench/duel.ts';
import type { KernelReport } from '../../../bench/kernels.ts';
import { machineLine } from '../../../bench/machine.ts';
import { figure } from '../../../bench/markdown.ts';
import {
  renderDuel,
  renderKernels,
  renderMemory,
  renderPorts,
  renderPrograms,
  renderScaling,
} from '../../../bench/render.ts';
import type { Desk, Section } from './desk.ts';
import { folded, type Html, html, joined, table } from './html.ts';
import { body, inline, rendered } from './markdown.ts';

const PEERS = 'bench/peers.json';
const KERNELS = 'bench/kernels.json';

const percent = (share: number): string => `${Math.round(100 * share)} %`;

/** A share as a bar of the same length for everyone, with its number beside it. */
const bar = (share: number, ours: boolean): Html =>
  html`<span class="share"><svg class="bar" width="60" height="8" viewBox="0 0 60 8" aria-hidden="true"><rect class="rail" width="60" height="8" rx="2"/><rect class="${ours ? 'ours' : 'theirs'}" width="${Number((60 * Math.min(1, share)).toFixed(1))}" height="8" rx="2"/></svg> ${percent(share)}</span>`;

const shareTable = ({ engines, workloads, rows }: DuelReport): Html => {
  const at = (workload: string, engine: string): Standing | undefined =>
    rows.find((r) => r.workload === workload && r.engine === engine);
  return table({
    caption: 'Shares of the limit',
    columns: [{ head: 'workload' }, ...engines.map((e) => ({ head: e.name, kind: 'figure' as const }))],
    rows: workloads.map((w) => [
      html`<code>${w.id}</code> <span class="dim">${w.doc}</span>`,
      ...engines.map((e) => {
        const row = at(w.id, e.name);
        if (row === undefined) return '–';
        return row.share === undefined ? row.outcome : bar(row.share, e.ours);
      }),
    ]),
  });
};

const leads = ({ engines, workloads, rows }: DuelReport): Html => {
  const theirs = engines.filter((e) => !e.ours && rows.some((r) => r.engine === e.name && r.lead !== undefined));
  return table({
    caption: 'Ours ÷ theirs',
    columns: [{ head: 'workload' }, ...theirs.map((e) => ({ head: `${e.name}, ${e.dtype}`, kind: 'figure' as const }))],
    rows: workloads.map((w) => [
      html`<code>${w.id}</code>`,
      ...theirs.map((e) => {
        const lead = rows.find((r) => r.workload === w.id && r.engine === e.name)?.lead;
        if (lead === undefined) return '–';
        const sure = Number.isFinite(lead.high)
          ? html` <span class="dim">${figure(lead.low)} to ${figure(lead.high)}</span>`
          : '';
        return html`<strong class="v ${lead.low > 1 ? 'h' : lead.high < 1 ? 'f' : 'n'}">${figure(lead.ratio)} ×</strong>${sure}`;
      }),
    ]),
  });
};

/** How often ours, in single precision and one thread, is the quicker one for certain. */
const standing = ({ engines, rows }: DuelReport) => {
  const compared = rows.filter((r) => r.lead !== undefined && engines.some((e) => e.name === r.engine && !e.ours));
  const ahead = compared.filter((r) => (r.lead?.low ?? 0) > 1).length;
  const behind = compared.filter((r) => (r.lead?.high ?? 2) < 1).length;
  return { compared: compared.length, ahead, behind };
};

const best = ({ engines, rows }: DuelReport): Standing | undefined =>
  rows
    .filter(
      (r) => r.workload.startsWith('W1/') && engines.some((e) => e.name === r.engine && e.ours && e.threads === 1),
    )
    .reduce<Standing | undefined>((a, b) => ((b.share ?? 0) > (a?.share ?? 0) ? b : a), undefined);

const peers = (desk: Desk) => (report: DuelReport) => {
  const { compared, ahead, behind } = standing(report);
  const top = best(report);
  const text = renderDuel(report);
  const limits = text.match(/^(?:Limits of one thread|No probe).*$/m)?.[0] ?? '';
  const words = (t: string): Html => inline(t, desk.hooks('bench', ''));
  return {
    text: html`<p>Of ${compared} comparisons with peers this engine is the quicker one in ${ahead} and the slower one in ${behind}, beyond its 99 % interval.</p>
<p>${words(limits)}</p>
${shareTable(report)}<p>Ours ÷ theirs in work per second, with a 99 % bootstrap interval over rounds; above 1 ours is quicker. Each is compared with the engine of ours of the same format and threads.</p>
${leads(report)}${desk.chart('bench', 'peers.svg', 'what each engine does in a second')}${folded('Every workload in figures', rendered(body(text), desk.hooks('bench', 'Engines side by side', { level: 4 })))}`,
    ...(top?.share === undefined
      ? {}
      : {
          tile: {
            figure: percent(top.share),
            words: `of the machine’s limit in the best product of matrices; ahead of a peer in ${ahead} of ${compared} comparisons`,
            tone: 'plain' as const,
          },
        }),
  };
};

/** What is told below, a row each: its JSON, and the page that the benchmark draws of it. */
const MORE = [
  { file: 'bench/programs.json', title: 'Training steps', draw: renderPrograms },
  { file: 'bench/memory.json', title: 'Memory', draw: renderMemory },
  { file: 'bench/ports.json', title: 'Calls through a program', draw: renderPorts },
  { file: 'bench/scaling.json', title: 'How the time of a step grows', draw: renderScaling },
] as const;

const more = (desk: Desk): Html =>
  joined(
    MORE.map(({ file, title, draw }) => {
      // each row draws what its own file holds
      const text = desk.room.report<never, string>(file, draw as (report: never) => string);
      return text === null
        ? desk.room.absent(file)
        : folded(title, rendered(body(text), desk.hooks('bench', title, { level: 4 })));
    }),
  );

/** Pages that have no JSON beside them. */
const PAGES = [
  { file: 'bench/threads.md', title: 'One thread against two' },
  { file: 'bench/first.md', title: 'The first step of a compiled training' },
] as const;

const pages = (desk: Desk): Html =>
  joined(
    PAGES.map(({ file, title }) => {
      const text = desk.room.text(file);
      return text === null
        ? desk.room.absent(file)
        : folded(title, rendered(body(text), desk.hooks('bench', title, { level: 4 })));
    }),
  );

export const kernelsSection: Section = {
  id: 'kernels',
  title: 'Kernels and peers',
  make: (desk) => {
    const { room } = desk;
    const duel = room.report(PEERS, peers(desk));
    const kernels = room.report<KernelReport, Html>(
      KERNELS,
      (report) =>
        html`<p>${inline(machineLine(report.machine), desk.hooks('bench', ''))}</p>\n${desk.chart('bench', 'kernels.svg', 'throughput by operation and size')}${folded('Every operation in figures', rendered(body(renderKernels(report)).replace(/^!\[.*$/m, ''), desk.hooks('bench', 'Kernels', { level: 4 })))}`,
    );
    return {
      body: html`${duel?.text ?? room.absent(PEERS)}<h3>Operations</h3>\n${kernels ?? room.absent(KERNELS)}<h3>More</h3>\n${more(desk)}${pages(desk)}`,
      ...(duel?.tile === undefined ? {} : { tile: duel.tile }),
    };
  },
};
