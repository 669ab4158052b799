// A headless Chromium for tests of pages: the one on the machine, offline, watched for requests, errors and broken policy.
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome'];

const runs = (path: string): boolean => {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
};

/** The first Chromium on PATH; undefined where there is none. */
export const chromiumPath: string | undefined = (process.env.PATH ?? '')
  .split(delimiter)
  .flatMap((folder) => NAMES.map((name) => join(folder, name)))
  .find(runs);

export const launched = (): Promise<Browser> =>
  chromium.launch({
    ...(chromiumPath === undefined ? {} : { executablePath: chromiumPath }),
    args: process.getuid?.() === 0 ? ['--no-sandbox'] : [],
  });

/** A page that was opened, and everything about it that should not be. */
export interface Watched {
  readonly page: Page;
  /** Requests other than for the page itself, errors of scripts, and what the console was told. */
  readonly wrong: readonly string[];
}

/** Opens a file without a network. Violations of the page's policy are told by the console. */
export const opened = async (
  browser: Browser,
  address: string,
  options: BrowserContextOptions = {},
): Promise<Watched> => {
  const context = await browser.newContext({ offline: true, ...options });
  const page = await context.newPage();
  const wrong: string[] = [];
  const own = address.replace(/#.*$/, '');
  page.on('request', (request) => {
    if (request.url().replace(/#.*$/, '') !== own) wrong.push(`request: ${request.url()}`);
  });
  page.on('pageerror', (error) => wrong.push(`error: ${error.message}`));
  page.on('console', (message) => wrong.push(`console: ${message.text()}`));
  await page.goto(address);
  return { page, wrong };
};
