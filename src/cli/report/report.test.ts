// The report, held to what it promises: whole without files, sound with hostile ones, and tried in a real browser.
import { createHash } from 'node:crypto';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { LAWS } from '../../../properties/laws/index.ts';
import { chromiumPath, launched, opened, type Watched } from '../../../tools/chromium.ts';
import { terminal } from '../terminal.ts';
import { inlined, Palette, pairOf } from './chart.ts';
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

const { text: whole, readings } = reportOf(REPORTS, false);
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
    for (const folder of ['course', 'sweep'])
      expect(readings.filter((r) => r.file.startsWith(`${folder}/`) && r.file.endsWith('.svg')).length).toBeGreaterThan(
        10,
      );
    expect(all(/id="(finding-[^"]+)"/g).length).toBeGreaterThan(50);
  });

  test('says what is missing with the command that makes it, which reports/README.md knows', () => {
    const empty = join(scratch, 'empty');
    mkdirSync(empty);
    const { text, readings: looked } = reportOf(empty, false);
    const readme = readFileSync(join(REPORTS, 'README.md'), 'utf8');
    for (const { file, command, does = 'makes it' } of SOURCES) {
      expect(text, file).toContain(html`<code>${file}</code> is not there`.html);
      expect(text, file).toContain(html`<code>${command}</code> ${does}.`.html);
      expect(readme, file).toContain(`\`${command}\``);
      expect(looked.find((r) => r.file === file)?.state).toBe('missing');
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
    const { text, readings: looked } = reportOf(torn, false);
    for (const file of ['mutants.json', 'limits.json', 'course/course.json', 'laws/tautograd.json'])
      expect(text).toContain(`<code>${file}</code> cannot be read`);
    expect(text).toContain('its schema is 2 and not 1');
    expect(looked.filter((r) => r.state === 'unreadable').length).toBe(4);
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
    for (const file of readings.filter((r) => r.file.endsWith('.svg'))) {
      const svg = readFileSync(join(REPORTS, file.file), 'utf8');
      for (const c of all(/<(?:path|line)[^>]* (?:fill|stroke)="(#[0-9A-Fa-f]{6})"/g, svg)) colours.add(c);
      for (const c of all(/<text[^>]* fill="(#[0-9a-f]{3,6})"/g, svg)) texts.add(c);
    }
    const series = [...colours].filter((c) => /^#(?:0072B2|D55E00|009E73|CC79A7|E69F00|56B4E9|000000)$/.test(c));
    expect(series.length).toBeGreaterThan(4);
    for (const [set, least] of [
      [series, 3],
      [[...texts].filter((t) => t !== '#000000'), 4.5], // that one stands in squares of a map, tried in the browser
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

/** A machine that does other things beside takes its time. */
const PATIENCE = { timeout: 20_000 };

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
  const address = pathToFileURL(file).href;
  const WINDOW = { width: 1280, height: 900 };
  const LAW = lawAnchor('loss/value');
  let browser: Browser;
  let bright: Watched;
  let dark: Watched;
  let bare: Watched;
  beforeAll(async () => {
    writeFileSync(file, whole);
    browser = await launched();
    bright = await opened(browser, address, { viewport: WINDOW });
    dark = await opened(browser, `${address}#${LAW}`, { viewport: WINDOW, colorScheme: 'dark' });
    bare = await opened(browser, `${address}#${LAW}`, { viewport: WINDOW, javaScriptEnabled: false });
  }, 120_000);
  afterAll(async () => {
    await browser?.close();
  });

  const shown = (page: Page, selector: string): Promise<number> =>
    page.evaluate(`[...document.querySelectorAll(${JSON.stringify(selector)})].filter((e) => !e.hidden).length`);
  const unfold = (page: Page, open: boolean): Promise<unknown> =>
    page.evaluate(`document.querySelectorAll('details').forEach((d) => { d.open = ${open}; })`);
  const focused = (page: Page): Promise<string> => page.evaluate('document.activeElement.id');
  /** The first law that the first of the published engines breaks, and the anchor of its card. */
  const law = LAWS.find(({ id }) => whole.includes(`data-law="${id}" data-engine="1"`))?.id ?? '';
  const failure = `e1-${law.replace('/', '-')}`;

  test('says the verdict; the keyboard meets the way to the content first, and reaches the filter', async () => {
    const { page } = bright;
    expect(await page.title()).toBe('tautograd report');
    expect(await page.locator('.verdict').innerText()).toMatch(/laws? (?:hold|is broken|are broken)/);
    await page.keyboard.press('Tab');
    expect(await page.evaluate('document.activeElement.className')).toBe('skip');
    expect((await page.locator('.skip').boundingBox())?.x).toBeGreaterThanOrEqual(0);
    await page.keyboard.press('Enter');
    await expect.poll(() => focused(page), PATIENCE).toBe('main');
    let at = '';
    for (let i = 0; i < 15 && at !== 'words'; i++) {
      await page.keyboard.press('Tab');
      at = await page.evaluate<string>(`document.activeElement.name ?? ''`);
    }
    expect(at).toBe('words');
    expect(await page.evaluate('getComputedStyle(document.activeElement).outlineStyle')).toBe('solid');
    await page.keyboard.type('leaky');
    expect(await shown(page, 'details.law')).toBeLessThan(40);
  });

  test('filters laws by words, verdict and engine, and shows them all again', async () => {
    const { page } = bright;
    await page.locator('[name=words]').fill('adadelta units');
    expect(await shown(page, 'details.law')).toBeLessThan(12);
    expect(await shown(page, '.matrix tbody tr')).toBeGreaterThan(0);
    expect(await page.locator('#filter output').innerText()).toMatch(new RegExp(`^\\d+ of ${LAWS.length} laws$`));
    await page.locator('[name=words]').fill('');
    await page.locator('[name=engine]').selectOption({ index: 2 });
    await page.locator('[name=verdict]').selectOption('falsified');
    const falsified = await shown(page, '.matrix tbody tr');
    expect(falsified).toBe(await page.locator('.matrix tbody td:nth-child(3).f').count());
    expect(falsified).toBeGreaterThan(10);
    expect(await shown(page, 'details.engine')).toBe(1);
    expect(await shown(page, 'details.fail')).toBe(falsified);
    await page.getByRole('button', { name: 'Show all' }).click();
    await expect.poll(() => shown(page, 'details.law'), PATIENCE).toBe(LAWS.length);
  });

  test('a link to a law opens its card, and a cell of the matrix the card of the failure', async () => {
    expect(await dark.page.locator(`[id="${LAW}"]`).isVisible()).toBe(true);
    expect(await focused(dark.page)).toBe(LAW);
    const { page } = bright;
    await page.locator('[name=words]').fill('nothing that any law says');
    expect(await shown(page, 'details.law')).toBe(0);
    // the address alone; the filter gives way
    await page.evaluate(`location.hash = ${JSON.stringify(failure)}`);
    const card = page.locator(`[id="${failure}"]`);
    await expect.poll(() => card.isVisible(), PATIENCE).toBe(true);
    await unfold(page, false);
    expect(await card.isVisible()).toBe(false);
    await page.locator(`.matrix tr[data-law="${law}"] td:nth-child(3) a`).click(); // the same address once more
    await expect.poll(() => card.isVisible(), PATIENCE).toBe(true);
    expect(await card.locator('.card').first().innerText()).toMatch(/found/);
    await card.getByRole('link', { name: 'The law' }).click();
    await expect.poll(() => page.locator(`[id="${lawAnchor(law)}"]`).isVisible(), PATIENCE).toBe(true);
  });

  test('tables sort up, down, and as they were; lists unfold at once', async () => {
    const { page } = bright;
    const top = (): Promise<readonly [string, string]> =>
      page.evaluate(
        `(() => { const row = document.querySelector('.matrix tbody tr'); return [row.dataset.law, row.cells[2].className]; })()`,
      );
    const [before] = await top();
    const head = page.locator('.matrix thead th').nth(2);
    await head.getByRole('button').click();
    expect(await head.getAttribute('aria-sort')).toBe('ascending');
    expect((await top())[1]).toBe('c');
    await head.getByRole('button').click();
    expect((await top())[1]).toBe('n');
    await head.getByRole('button').click();
    expect((await top())[0]).toBe(before);
    await page.locator('#mutants').getByRole('button', { name: 'Unfold all' }).click();
    expect(await page.evaluate(`[...document.querySelectorAll('[data-fold=mutants]')].every((d) => d.open)`)).toBe(
      true,
    );
  });

  test('a mark of a chart is read out under the pointer and by the arrow keys', async () => {
    const { page } = bright;
    const chart = page.locator('figure.chart', { has: page.locator('svg[aria-label^="Kernel throughput"]') });
    await chart.locator('.box').focus();
    await page.keyboard.press('ArrowRight');
    const said = await chart.locator('output').innerText();
    expect(said).toMatch(/op: \w+/);
    await chart.locator('path:has(title)').nth(20).hover();
    await expect.poll(() => chart.locator('output').innerText(), PATIENCE).not.toBe(said);
    expect(await chart.locator('output').innerText()).toMatch(/op: \w+/);
  });

  test.each(['light', 'dark'] as const)('in %s every text has a contrast of 4.5:1', async (colours) => {
    const { page } = colours === 'light' ? bright : dark;
    await unfold(page, true);
    const { seen, pale } = await page.evaluate<{ readonly seen: number; readonly pale: unknown }>(PALE);
    expect(pale).toEqual([]);
    expect(seen).toBeGreaterThan(40);
    expect(await page.evaluate('getComputedStyle(document.body).backgroundColor')).toBe(
      colours === 'light' ? 'rgb(255, 255, 255)' : 'rgb(21, 24, 29)',
    );
    const squares = await page.evaluate<readonly number[]>(SQUARES);
    expect(squares.length).toBeGreaterThan(30);
    expect(Math.min(...squares)).toBeGreaterThanOrEqual(4.5);
  });

  test('nothing but tables and charts scrolls sideways, on a phone too, with everything unfolded', async () => {
    const { page } = bright;
    await unfold(page, true);
    for (const width of [1280, 390]) {
      await page.setViewportSize({ width, height: 844 });
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(width);
      const wide = `[...document.querySelectorAll('main > *, main > section > *, article > *')].filter((e) => e.getBoundingClientRect().right > innerWidth + 1).map((e) => e.outerHTML.slice(0, 80))`;
      expect(await page.evaluate(wide), `${width} px`).toEqual([]);
    }
  });

  test('is whole without scripts: links unfold cards, no control is dead, charts are there', async () => {
    const { page } = bare;
    expect(await page.locator(`[id="${LAW}"]`).isVisible()).toBe(true);
    expect(await page.locator('button:visible, input:visible, select:visible').count()).toBe(0);
    expect(await page.locator('figure.chart svg:visible').count()).toBeGreaterThan(20);
    await page.locator('.matrix td.f a').first().click();
    await expect.poll(() => page.locator('details.fail[open] .card').first().isVisible(), PATIENCE).toBe(true);
  });

  test('on paper there are no controls, the ground is white, and what is summed up is unfolded', async () => {
    const { page } = dark;
    await unfold(page, false);
    await page.emulateMedia({ media: 'print', colorScheme: 'dark' });
    expect(await page.locator('.all:visible, #filter:visible, nav:visible, .skip:visible').count()).toBe(0);
    expect(await page.evaluate('getComputedStyle(document.body).backgroundColor')).toBe('rgb(255, 255, 255)');
    expect(await page.locator('details.fail summary').first().isVisible()).toBe(true);
    expect(await page.locator('details.fail .card').first().isVisible()).toBe(false);
    expect(await page.locator('.lesson .checks li').first().isVisible()).toBe(true);
  });

  test('asks nobody for anything, throws nothing, and its policy is in force', async () => {
    for (const { wrong } of [bright, dark, bare]) expect(wrong).toEqual([]);
    const provoke = `new Promise((done) => {
      document.addEventListener('securitypolicyviolation', (e) => done(e.effectiveDirective), { once: true });
      setTimeout(() => done('nothing'), 5000);
      document.body.append(Object.assign(document.createElement(TAG), { textContent: TEXT }));
    })`;
    for (const [tag, text, refused] of [
      ['script', 'document.title = "owned"', 'script-src-elem'],
      ['style', 'body { color: red }', 'style-src-elem'],
    ] as const)
      expect(
        await bright.page.evaluate(provoke.replace('TAG', JSON.stringify(tag)).replace('TEXT', JSON.stringify(text))),
      ).toBe(refused);
    expect(await bright.page.title()).toBe('tautograd report');
  });
});
