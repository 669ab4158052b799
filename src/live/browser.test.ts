// The live page in a real browser, from a file: it trains, stops, refuses, asks nothing of any host, and gives the bits of Node.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { chromiumPath, launched } from '../../tools/chromium.ts';
import { livePage } from '../../tools/live.ts';
import { experimentOf } from './experiment.ts';
import { LESSONS } from './lessons.ts';
import { type Given, settingsOf, toFragment } from './settings.ts';

/** Without a browser there is nothing to test; in CI there has to be one. */
const skipped = chromiumPath === undefined && process.env.CI === undefined;

describe.skipIf(skipped)('the live page in Chromium (skipped where there is none on the path, except in CI)', () => {
  const folder = mkdtempSync(join(tmpdir(), 'tautograd-live-'));
  const file = join(folder, 'live.html');
  const plain = join(folder, 'plain.html');
  let browser: Browser;
  beforeAll(async () => {
    const page = await livePage();
    writeFileSync(file, page);
    writeFileSync(plain, page.replace(" 'wasm-unsafe-eval'", ''));
    browser = await launched();
  });
  afterAll(async () => {
    await browser?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  /** What a page asked for, and what it complained of. */
  interface Heard {
    readonly requests: string[];
    readonly complaints: string[];
  }
  const open = async (
    given: Given | string,
    { path = file, width = 1280 }: { readonly path?: string; readonly width?: number } = {},
  ): Promise<Page & { readonly heard: Heard }> => {
    const page = await browser.newPage({ viewport: { width, height: 844 } });
    const heard: Heard = { requests: [], complaints: [] };
    page.on('request', (r) => heard.requests.push(r.url()));
    page.on('console', (m) => heard.complaints.push(m.text()));
    page.on('pageerror', (e) => heard.complaints.push(e.message));
    await page.goto(`${pathToFileURL(path).href}#${typeof given === 'string' ? given : toFragment(given)}`);
    await page.waitForFunction(() => document.querySelector('#train-loss')?.textContent !== '');
    return Object.assign(page, { heard });
  };
  const exact = (page: Page, id: string): Promise<number> =>
    page.locator(`#${id}`).evaluate((e) => Number(e.getAttribute('value')));
  const text = (page: Page, selector: string): Promise<string> =>
    page.locator(selector).evaluate((e) => e.textContent ?? '');
  /** Starts, and waits until it has paused by itself. */
  const trained = async (page: Page): Promise<Page> => {
    await page.click('#start');
    await page.waitForFunction(() =>
      /^(Paused|Diverged) after [1-9]/.test(document.querySelector('#status')?.textContent ?? ''),
    );
    return page;
  };

  test('a hidden layer learns XOR, a single unit does not, and nothing is asked or complained of', async () => {
    const corners: Given = { samples: 4, noise: 0, lr: 0.02, pace: 'full', stop: 1500 };
    const two = await open(corners);
    await trained(two);
    expect(await exact(two, 'k')).toBe(1500);
    expect(await exact(two, 'train-accuracy')).toBe(1);
    expect(await two.getAttribute('#plane', 'aria-label')).toMatch(/after 1,500 steps: accuracy 100 % in training/);
    const one = await open({ ...corners, depth: 0 });
    await trained(one);
    expect(await exact(one, 'train-accuracy')).toBeLessThan(1);
    for (const { heard } of [two, one]) {
      expect(heard.complaints).toEqual([]);
      expect(heard.requests.filter((url) => !url.startsWith('blob:null/'))).toEqual([heard.requests[0]]);
      expect(heard.requests[0]).toMatch(/^file:/);
    }
    await Promise.all([two.close(), one.close()]);
  });

  for (const [how, path] of [
    ['compiled', file],
    ['operation by operation', plain],
  ] as const)
    test(`the same settings give the bits of Node, ${how}`, async () => {
      const given: Given = {
        ...{ data: 'moons', samples: 60, depth: 2, width: 5, activation: 'gelu', batchNorm: 1, dropRate: 0.2 },
        ...{ l2: 0.001, optimizer: 'adam', batch: 16, seed: 5, pace: 'full', stop: 40 },
      };
      const page = await open(given, { path });
      expect(await text(page, '#engine')).toContain(how);
      await trained(page);
      const here = experimentOf(settingsOf(given));
      here.advance(40);
      const { train, test: other } = here.snapshot();
      expect([await exact(page, 'k'), await exact(page, 'train-loss'), await exact(page, 'test-loss')]).toEqual([
        40,
        train.loss,
        other.loss,
      ]);
      await page.close();
    });

  test('every lesson runs, and fits a phone', async () => {
    const page = await open('', { width: 390 });
    const buttons = page.locator('#lessons button');
    expect(await buttons.count()).toBe(LESSONS.length);
    for (const [i, { claim, given }] of LESSONS.entries()) {
      await buttons.nth(i).click();
      await page.waitForFunction(() => Number(document.querySelector('#k')?.getAttribute('value')) >= 5);
      expect(await text(page, '#claim')).toBe(claim);
      expect(await buttons.nth(i).getAttribute('aria-pressed')).toBe('true');
      expect(await page.locator('#layers tbody tr').count()).toBe(settingsOf(given).depth + 1);
      expect(await page.locator('#refusal').isVisible()).toBe(false);
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(390);
    }
    expect(page.heard.complaints).toEqual([]);
    await page.close();
  });

  test('a pause is one, a step is one, and a reset begins anew', async () => {
    const page = await open({ data: 'moons', pace: 'full', stop: 1e9 });
    await page.focus('#start');
    await page.keyboard.press('Enter');
    await page.waitForFunction(() => Number(document.querySelector('#speed')?.getAttribute('value')) > 0);
    await page.keyboard.press('Enter');
    await page.waitForFunction(() => document.querySelector('#status')?.textContent?.startsWith('Paused'));
    await page.waitForTimeout(200);
    const k = await exact(page, 'k');
    expect(k).toBeGreaterThan(0);
    await page.waitForTimeout(400);
    expect(await exact(page, 'k')).toBe(k);
    await page.click('#step');
    await page.waitForFunction(
      (before) => Number(document.querySelector('#k')?.getAttribute('value')) === before + 1,
      k,
    );
    await page.click('#reset');
    await page.waitForFunction(() => document.querySelector('#k')?.getAttribute('value') === '0');
    await page.close();
  });

  test('an address is read, written and refused', async () => {
    const page = await open('data=spirals&depth=3&optimizer=sgdd');
    expect(await text(page, '#refusal')).toMatch(/^optimizer: no row is called "sgdd".*did you mean "sgd"\?$/);
    expect(await page.inputValue('#data')).toBe('spirals');
    expect(await page.inputValue('#noise')).toBe('0.02');
    expect(await page.locator('#layers tbody tr').count()).toBe(4);
    await page.selectOption('#optimizer', 'sgd');
    expect(await page.inputValue('#lr')).toBe('0.01');
    expect(await page.evaluate(() => location.hash)).toBe('#data=spirals&depth=3&optimizer=sgd');
    expect(await page.locator('#refusal').isVisible()).toBe(false);
    await page.fill('#lr', '-1');
    await page.keyboard.press('Tab');
    await page.waitForFunction(() =>
      /^sgd: lr must lie in \[0, .*got -1$/.test(document.querySelector('#refusal')?.textContent ?? ''),
    );
    await page.evaluate(() => {
      location.hash = 'depth=2';
    });
    await page.waitForFunction(() => document.querySelectorAll('#layers tbody tr').length === 3);
    expect(await page.inputValue('#data')).toBe('xor');
    await page.close();
  });

  test('every control has a name, and no foreign script runs', async () => {
    const page = await open('');
    const nameless = await page.evaluate(() =>
      [...document.querySelectorAll('select, input')]
        .filter((e) => (e as HTMLInputElement).labels?.length !== 1) // all have the property
        .map((e) => e.id),
    );
    expect(nameless).toEqual([]);
    expect(await page.locator('select, input').count()).toBeGreaterThan(15);
    await expect(page.addScriptTag({ content: 'globalThis.foreign = 1' })).rejects.toThrow(
      /Content Security Policy|Failed/,
    );
    expect(await page.evaluate(() => 'foreign' in globalThis)).toBe(false);
    await page.close();
  });
});
