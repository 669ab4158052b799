// The report, held to what it promises: whole without files, sound with hostile ones, and tried in a real browser.
import { createHash } from 'node:crypto';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { LAWS } from '../../../properties/laws/index.ts';
import { terminal } from '../terminal.ts';
import { inlined, Palette, pairOf } from './chart.ts';
import { chromiumPath, launched, opened, type Watched } from './chromium.ts';
import { lawAnchor } from './desk.ts';
import { html } from './html.ts';
import { rendered } from './markdown.ts';
import { reportOf } from './page.ts';
import { SOURCES } from './room.ts';
import { STYLE } from './style.ts';

const REPORTS = fileURLToPath(new URL('../../../reports', import.meta.url));
const { home, leave, run } = terminal();
const scratch = mkdtempSync(join(tmpdir(), 'tautograd-report-'));
afterAll(() => {
  leave();
  rmSync(scratch, { recursive: true, force: true });
});

const whole = reportOf(REPORTS, false).text;
const all = (pattern: RegExp, text = whole): readonly string[] => [...text.matchAll(pattern)].map((m) => m[1] ?? '');

/** Contrast of two colours, `#rrggbb`. Source: WCAG 2.2, relative luminance. */
const contrast = (a: string, b: string): number => {
  const luminance = (hex: string): number =>
    [1, 3, 5]
      .map((i) => Number.parseInt(hex.slice(i, i + 2), 16) / 255)
      .map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4))
      .reduce((sum, v, i) => sum + v * ([0.2126, 0.7152, 0.0722][i] ?? 0), 0);
  const [x, y] = [luminance(a), luminance(b)];
  return (Math.max(x, y) + 0.05) / (Math.min(x, y) + 0.05);
};

describe('the page', () => {
  test('is the same for equal reports, and below 4 MB', () => {
    expect(reportOf(REPORTS, false).text === whole).toBe(true);
    expect(Buffer.byteLength(whole)).toBeLessThan(3.8e6);
  });

  test('has no id twice, no link to nowhere, and a card for every law', () => {
    const ids = all(/\sid="([^"]+)"/g);
    expect(ids.filter((id, i) => ids.indexOf(id) !== i)).toEqual([]);
    const there = new Set(ids);
    expect(all(/href="#([^"]+)"/g).filter((to) => !there.has(to))).toEqual([]);
    expect(all(/url\(#([^)]+)\)/g).filter((to) => !there.has(to))).toEqual([]);
    expect(LAWS.filter(({ id }) => !there.has(lawAnchor(id))).map(({ id }) => id)).toEqual([]);
  });

  test('allows its own style and script alone, and has nothing else that could act', () => {
    const policy = whole.match(/http-equiv="Content-Security-Policy" content="([^"]+)"/)?.[1] ?? '';
    const digest = (tag: string): string =>
      createHash('sha256')
        .update(whole.match(new RegExp(`<${tag}>([\\s\\S]*?)</${tag}>`))?.[1] ?? '')
        .digest('base64');
    expect(policy).toBe(
      `default-src 'none'; style-src 'sha256-${digest('style')}'; script-src 'sha256-${digest('script')}'; base-uri 'none'; form-action 'none'`,
    );
    const markup = whole.replace(/<(style|script)>[\s\S]*?<\/\1>/g, '');
    expect(markup.match(/<[^>]*\s(?:style|src|on\w+)=/)).toBeNull();
    expect(all(/tabindex="([^"]+)"/g, markup).filter((v) => Number(v) > 0)).toEqual([]);
  });

  test('shows every chart under reports/, and every program of a finding', () => {
    expect(whole).not.toMatch(/is not one that this program draws|The chart <code>/);
    for (const folder of ['course', 'sweep']) {
      const { readings } = reportOf(REPORTS, false);
      expect(readings.filter((r) => r.file.startsWith(`${folder}/`) && r.file.endsWith('.svg')).length).toBeGreaterThan(
        10,
      );
    }
    expect(all(/id="(finding-[^"]+)"/g).length).toBeGreaterThan(50);
  });

  test('says what is missing with the command that makes it, which reports/README.md knows', () => {
    const empty = join(scratch, 'empty');
    mkdirSync(empty);
    const { text, readings } = reportOf(empty, false);
    const readme = readFileSync(join(REPORTS, 'README.md'), 'utf8');
    for (const { file, command } of SOURCES) {
      expect(text, file).toContain(html`<code>${file}</code> is not there`.html);
      expect(text, file).toContain(html`<code>${command}</code> makes it`.html);
      expect(readme, file).toContain(`\`${command}\``);
      expect(readings.find((r) => r.file === file)?.state).toBe('missing');
    }
  });

  test('says what cannot be read, and why', () => {
    const torn = join(scratch, 'torn');
    cpSync(REPORTS, torn, { recursive: true });
    for (const [file, text] of [
      ['mutants.json', '{"schema": 1, "mut'],
      ['limits.json', '{"schema": 2}'],
      ['course/course.json', '{"schema": 1}'],
      ['laws/tautograd.json', '[]'],
    ] as const)
      writeFileSync(join(torn, file), text);
    const { text, readings } = reportOf(torn, false);
    for (const file of ['mutants.json', 'limits.json', 'course/course.json', 'laws/tautograd.json'])
      expect(text).toContain(`<code>${file}</code> cannot be read`);
    expect(text).toContain('its schema is 2 and not 1');
    expect(readings.filter((r) => r.state === 'unreadable').length).toBe(4);
  });

  test('leaves out charts that could do more than be looked at', () => {
    const palette = new Palette();
    const chart = readFileSync(join(REPORTS, 'course/xor.svg'), 'utf8');
    expect(inlined(chart, palette)).not.toBeNull();
    for (const more of [
      '<script>1</script>',
      '<a href="https://example.org">x</a>',
      '<g onload="x"/>',
      '<g style="fill:url(https://example.org)"/>',
      '<image href="x"/>',
    ])
      expect(inlined(chart.replace('</svg>', `${more}</svg>`), palette), more).toBeNull();
  });

  test('escapes whatever reports say', () => {
    const hostile = '<img src=x onerror=alert(1)>"\'&</script>';
    expect(html`<p title="${hostile}">${hostile}</p>`.html).toBe(
      '<p title="&lt;img src=x onerror=alert(1)&gt;&quot;&#39;&amp;&lt;/script&gt;">&lt;img src=x onerror=alert(1)&gt;"\'&amp;&lt;/script&gt;</p>',
    );
    const hooks = {
      picture: () => html``,
      code: () => undefined,
      file: () => undefined,
      level: 2,
      caption: 'none',
    };
    const page = rendered(
      `# ${hostile}\n\n${hostile} [x](javascript:alert(1)) [y](data:text/html,1)\n\n| ${hostile} |\n|---|\n| \`${hostile}\` |\n\n<details><summary>${hostile}</summary>\n\n- ${hostile}\n\n</details>\n`,
      hooks,
    ).html;
    expect(page).not.toMatch(/<(?:img|script|a)\b/);
    expect(page.match(/&lt;img/g)?.length).toBeGreaterThanOrEqual(6);
  });

  test('has colours of charts that stay apart from either ground', () => {
    const [light, dark] = [/--ground:(#\w+)/g, /--ground:(#\w+)/g].map((p, i) => all(p, STYLE)[i] ?? '');
    const grounds = [light === '#fff' ? '#ffffff' : (light ?? ''), dark ?? ''] as const;
    const colours = new Set<string>();
    const texts = new Set<string>();
    for (const file of reportOf(REPORTS, false).readings.filter((r) => r.file.endsWith('.svg'))) {
      const svg = readFileSync(join(REPORTS, file.file), 'utf8');
      for (const c of all(/<(?:path|line)[^>]* (?:fill|stroke)="(#[0-9A-Fa-f]{6})"/g, svg)) colours.add(c);
      for (const c of all(/<text[^>]* fill="(#[0-9a-f]{3,6})"/g, svg)) texts.add(c);
    }
    const series = [...colours].filter((c) => /^#(?:0072B2|D55E00|009E73|CC79A7|E69F00|56B4E9|000000)$/.test(c));
    expect(series.length).toBeGreaterThan(4);
    for (const [set, least] of [
      [series, 3],
      [[...texts].filter((t) => t !== '#1d2430'), 4.5], // that one stands in squares of a map, tried in the browser
    ] as const)
      for (const colour of set)
        for (const side of [0, 1] as const)
          expect(contrast(pairOf(colour)?.[side] ?? '', grounds[side]), `${colour} ${side}`).toBeGreaterThanOrEqual(
            least,
          );
  });
});

describe('the command', () => {
  test('writes the page beside the reports, tells machines what it read, and refuses a folder that is not there', async () => {
    cpSync(join(REPORTS, 'laws/tautograd.json'), join(home, 'reports/laws/tautograd.json'));
    const { code, out } = await run('report', '--json');
    expect(code).toBe(0);
    const said = JSON.parse(out) as { readonly files: readonly { readonly file: string; readonly state: string }[] };
    expect(said).toMatchObject({ schema: 1, page: { path: 'reports/report.html' } });
    expect(said.files.filter((f) => f.state === 'read')).toMatchObject([{ file: 'laws/tautograd.json' }]);
    expect(said.files.find((f) => f.file === 'mutants.json')?.state).toBe('missing');
    writeFileSync(join(home, 'live.html'), '');
    const named = await run('report', '-o', 'page.html');
    expect(named.out).toMatch(/^· mutants\.json is not there: npm run -s tautograd -- mutants --out reports$/m);
    expect(named.out).toMatch(/\nopen page\.html\n$/);
    expect(readFileSync(join(home, 'page.html'), 'utf8')).toContain('href="live.html"');
    expect(readFileSync(join(home, 'reports/report.html'), 'utf8')).not.toContain('live.html');
    expect(await run('report', '--from', 'nowhere')).toMatchObject({
      code: 2,
      err: expect.stringMatching(/^tautograd: report: there is no folder nowhere/),
    });
  });
});

if (chromiumPath === undefined && process.env.CI) throw new Error('the tests of the report need a chromium on PATH');

/** Everything that is text and can be seen, with its contrast to the nearest ground that is painted. Written for the browser. */
const PALE = `(() => {
  const parse = (c) => (c.match(/[\\d.]+/g) ?? []).map(Number);
  const light = ([r, g, b]) => [r, g, b].map((v) => v / 255).map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)).reduce((s, v, i) => s + v * [0.2126, 0.7152, 0.0722][i], 0);
  const ground = (e) => { for (let p = e; p; p = p.parentElement) { const c = parse(getComputedStyle(p).backgroundColor); if (c.length === 3 || c[3] === 1) return c; } return [255, 255, 255]; };
  const pale = new Map();
  let seen = 0;
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const done = new Set();
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const e = node.parentElement;
    if (node.data.trim() === '' || e.closest('script, style, svg, option') || !e.checkVisibility()) continue;
    const key = e.tagName + '.' + e.className + '<' + e.parentElement.className;
    if (done.has(key)) continue;
    done.add(key);
    const [a, b] = [light(parse(getComputedStyle(e).color)), light(ground(e))];
    const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    seen++;
    if (contrast < 4.5) pale.set(key, contrast.toFixed(2));
  }
  return { seen, pale: [...pale] };
})()`;

/** Contrast of the words that stand in the squares of a chart, against the square below. */
const SQUARES = `(() => {
  const parse = (c) => (c.match(/[\\d.]+/g) ?? []).map(Number);
  const light = ([r, g, b]) => [r, g, b].map((v) => v / 255).map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)).reduce((s, v, i) => s + v * [0.2126, 0.7152, 0.0722][i], 0);
  const svg = document.querySelector('svg[aria-label^="Where training ends"]');
  svg.scrollIntoView();
  const rest = [];
  for (const text of svg.querySelectorAll('text')) {
    const box = text.getBoundingClientRect();
    const below = document.elementsFromPoint(box.x + box.width / 2, box.y + box.height / 2).find((e) => e.tagName === 'path' && e.querySelector('title') && getComputedStyle(e).fill.startsWith('rgb'));
    if (below === undefined) continue;
    const [a, b] = [light(parse(getComputedStyle(text).fill)), light(parse(getComputedStyle(below).fill))];
    rest.push((Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05));
  }
  return rest;
})()`;

describe.skipIf(chromiumPath === undefined)('the page in Chromium (skipped where there is none)', () => {
  const file = join(scratch, 'report.html');
  let browser: Browser;
  beforeAll(async () => {
    writeFileSync(file, whole);
    browser = await launched();
  });
  afterAll(async () => {
    await browser?.close();
  });
  const address = pathToFileURL(file).href;
  const trying = async (
    options: BrowserContextOptions,
    hash: string,
    look: (page: Page, watched: Watched) => Promise<void>,
  ): Promise<void> => {
    const watched = await opened(browser, `${address}${hash}`, options);
    await look(watched.page, watched);
    expect(watched.wrong).toEqual([]);
    await watched.page.context().close();
  };
  const shown = (page: Page, selector: string): Promise<number> =>
    page.evaluate(`[...document.querySelectorAll(${JSON.stringify(selector)})].filter((e) => !e.hidden).length`);
  const broken = LAWS.filter(({ id }) => whole.includes(`data-law="${id}" data-engine="1"`));

  test('asks nobody for anything, says the verdict, and breaks no policy', () =>
    trying({ viewport: { width: 1280, height: 900 } }, '', async (page) => {
      expect(await page.locator('.verdict').innerText()).toMatch(/laws? (?:hold|is broken|are broken)/);
      expect(await page.title()).toBe('tautograd report');
      // style and script that came in as text would be refused: the policy is in force
      const refused = await page.evaluate(`new Promise((done) => {
        document.addEventListener('securitypolicyviolation', (e) => done(e.effectiveDirective), { once: true });
        document.body.append(Object.assign(document.createElement('img'), { src: 'data:image/gif;base64,R0lGODlhAQABAAAAACw=' }));
        setTimeout(() => done('nothing'), 2000);
      })`);
      expect(refused).toBe('img-src');
    }).catch((error: unknown) => {
      // the violation that was provoked is the one message that is allowed
      if (!/data:image\/gif/.test(String(error)) || /file:|https?:/.test(String(error))) throw error;
    }));

  test('filters laws by words, verdict and engine, and shows them all again', () =>
    trying({}, '', async (page) => {
      const laws = await shown(page, 'details.law');
      expect(laws).toBe(LAWS.length);
      await page.getByLabel('Words').fill('adadelta units');
      expect(await shown(page, 'details.law')).toBeLessThan(12);
      expect(await shown(page, '.matrix tbody tr')).toBeGreaterThan(0);
      expect(await page.locator('#filter output').innerText()).toMatch(new RegExp(`^\\d+ of ${LAWS.length} laws$`));
      await page.getByLabel('Words').fill('');
      await page.getByLabel('Engine').selectOption({ index: 2 });
      await page.getByLabel('Verdict').selectOption('falsified');
      const falsified = await shown(page, '.matrix tbody tr');
      expect(falsified).toBe(
        Number(await page.evaluate(`document.querySelectorAll('.matrix tbody td:nth-child(3).f').length`)),
      );
      expect(falsified).toBeGreaterThan(10);
      expect(await shown(page, 'details.engine')).toBe(1);
      await page.getByRole('button', { name: 'Show all' }).click();
      await expect.poll(() => shown(page, 'details.law')).toBe(laws);
    }));

  test('a link to a law opens its card, and a cell of the matrix the card of the failure', () =>
    trying({}, `#${lawAnchor('optimizer/steps')}`, async (page) => {
      const card = page.locator(`#${lawAnchor('optimizer/steps')}`);
      expect(await card.isVisible()).toBe(true);
      await expect.poll(() => page.evaluate(`document.activeElement.id`)).toBe(lawAnchor('optimizer/steps'));
      const law = broken[0]?.id ?? '';
      await page.getByLabel('Words').fill('nothing that any law says');
      expect(await shown(page, 'details.law')).toBe(0);
      // the address alone, as from another page; the filter gives way
      await page.evaluate(`location.hash = ${JSON.stringify(`#e1-${law.replace('/', '-')}`)}`);
      await expect.poll(() => page.locator(`[id="e1-${law.replace('/', '-')}"]`).isVisible()).toBe(true);
      await page.evaluate(`document.querySelectorAll('details').forEach((d) => { d.open = false; })`);
      const cell = page.locator(`.matrix tr[data-law="${law}"] td:nth-child(3) a`);
      await cell.click();
      await expect.poll(() => page.locator(`[id="e1-${law.replace('/', '-')}"]`).isVisible()).toBe(true);
      expect(
        await page
          .locator(`[id="e1-${law.replace('/', '-')}"] .card`)
          .first()
          .innerText(),
      ).toMatch(/found/);
    }));

  test('tables sort up, down, and as they were; lists unfold at once', () =>
    trying({}, '', async (page) => {
      const first = () => page.evaluate<string>(`document.querySelector('.matrix tbody tr').dataset.law`);
      const before = await first();
      const head = page.locator('.matrix thead th').nth(2);
      await head.getByRole('button').click();
      expect(await head.getAttribute('aria-sort')).toBe('ascending');
      const worst = await page.evaluate<string>(`document.querySelector('.matrix tbody tr').cells[2].className`);
      expect(worst).toMatch(/[cf]/);
      await head.getByRole('button').click();
      expect(await page.evaluate<string>(`document.querySelector('.matrix tbody tr').cells[2].className`)).toBe('n');
      await head.getByRole('button').click();
      expect(await first()).toBe(before);
      await page.locator('#mutants').getByRole('button', { name: 'Unfold all' }).click();
      expect(await page.evaluate(`[...document.querySelectorAll('[data-fold=mutants]')].every((d) => d.open)`)).toBe(
        true,
      );
    }));

  test('a mark of a chart is read out under the pointer and by the arrow keys', () =>
    trying({}, '#kernels', async (page) => {
      const chart = page.locator('figure.chart', { has: page.locator('svg[aria-label^="Kernel throughput"]') });
      await chart.locator('.box').focus();
      await page.keyboard.press('ArrowRight');
      expect(await chart.locator('output').innerText()).toMatch(/op: \w+/);
      await page.keyboard.press('ArrowRight');
      await chart.locator('path:has(title)').nth(20).hover();
      expect(await chart.locator('output').innerText()).toMatch(/op: \w+/);
    }));

  test('the keyboard meets the way to the content first, and reaches the filter', () =>
    trying({ viewport: { width: 1280, height: 900 } }, '', async (page) => {
      await page.keyboard.press('Tab');
      expect(await page.evaluate(`document.activeElement.className`)).toBe('skip');
      const skip = await page.locator('.skip').boundingBox();
      expect(skip?.x).toBeGreaterThanOrEqual(0);
      await page.keyboard.press('Enter');
      expect(await page.evaluate(`document.activeElement.id`)).toBe('main');
      let at = '';
      for (let i = 0; i < 15 && at !== 'words'; i++) {
        await page.keyboard.press('Tab');
        at = await page.evaluate<string>(`document.activeElement.name ?? ''`);
      }
      expect(at).toBe('words');
      expect(await page.evaluate(`getComputedStyle(document.activeElement).outlineStyle`)).toBe('solid');
      await page.keyboard.type('leaky');
      expect(await shown(page, 'details.law')).toBeLessThan(40);
    }));

  test.each([390, 320, 1280])('at %i px nothing but tables and charts scrolls sideways', (width) =>
    trying({ viewport: { width, height: 844 } }, '', async (page) => {
      await page.evaluate(`document.querySelectorAll('details').forEach((d) => { d.open = true; })`);
      expect(await page.evaluate(`document.documentElement.scrollWidth`)).toBe(width);
      const wide = await page.evaluate(
        `[...document.querySelectorAll('main > *, main > section > *')].filter((e) => e.getBoundingClientRect().right > innerWidth + 1).map((e) => e.outerHTML.slice(0, 80))`,
      );
      expect(wide).toEqual([]);
    }),
  );

  test('is whole without scripts: links unfold cards, no control is dead, charts are there', () =>
    trying({ javaScriptEnabled: false }, `#${lawAnchor('loss/value')}`, async (page) => {
      expect(await page.locator(`#${lawAnchor('loss/value')}`).isVisible()).toBe(true);
      expect(await page.locator('button:visible, input:visible, select:visible').count()).toBe(0);
      expect(await page.locator('figure.chart svg:visible').count()).toBeGreaterThan(20);
      await page.locator('.matrix td.f a').first().click();
      expect(await page.locator('details.fail[open] .card').first().isVisible()).toBe(true);
    }));

  test.each(['light', 'dark'] as const)('in %s every text has a contrast of 4.5:1', (colorScheme) =>
    trying({ colorScheme, viewport: { width: 1280, height: 900 } }, '', async (page) => {
      await page.evaluate(`document.querySelectorAll('details').forEach((d) => { d.open = true; })`);
      const { seen, pale } = await page.evaluate<{ readonly seen: number; readonly pale: unknown }>(PALE);
      expect(pale).toEqual([]);
      expect(seen).toBeGreaterThan(40);
      const ground = await page.evaluate<string>(`getComputedStyle(document.body).backgroundColor`);
      expect(ground).toBe(colorScheme === 'light' ? 'rgb(255, 255, 255)' : 'rgb(21, 24, 29)');
      const squares = await page.evaluate<readonly number[]>(SQUARES);
      expect(squares.length).toBeGreaterThan(30);
      expect(Math.min(...squares)).toBeGreaterThanOrEqual(4.5);
    }),
  );

  test('on paper there are no controls, and what is summed up is unfolded', () =>
    trying({ colorScheme: 'dark' }, '', async (page) => {
      await page.emulateMedia({ media: 'print', colorScheme: 'dark' });
      expect(await page.locator('button:visible, input:visible, select:visible, nav:visible').count()).toBe(0);
      expect(await page.evaluate(`getComputedStyle(document.body).backgroundColor`)).toBe('rgb(255, 255, 255)');
      expect(await page.locator('details.engine:not([open]) details.fail summary').first().isVisible()).toBe(true);
      expect(await page.locator('.lesson .checks li').first().isVisible()).toBe(true);
    }));
});
