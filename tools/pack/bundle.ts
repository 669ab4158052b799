// Bundles an installed package for browsers: what is inside, how large it is, and what it does in a real browser.
import { join } from 'node:path';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { build, type Rolldown } from 'vite';
import { launched } from '../chromium.ts';

export interface Bundle {
  readonly code: string;
  /** Files of the package of which something is left, from its root, with the bytes before they are minified. */
  readonly modules: ReadonlyMap<string, number>;
  /** What else is inside, or is left to be had: other packages, modules of Node. */
  readonly foreign: readonly string[];
  readonly bytes: { readonly minified: number; readonly gzip: number; readonly brotli: number };
}

/** Bundles one file of a project. @throws Error of vite, for what cannot be resolved in a browser */
export const bundle = async (project: string, file: string): Promise<Bundle> => {
  const made = (await build({
    root: project,
    configFile: false,
    logLevel: 'error',
    build: {
      write: false,
      target: 'es2024',
      modulePreload: { polyfill: false },
      rolldownOptions: { input: join(project, file), preserveEntrySignatures: 'strict' },
    },
  })) as Rolldown.RolldownOutput; // one configuration that is not watched has one output
  const chunks = made.output.flatMap((one) => (one.type === 'chunk' ? [one] : []));
  const code = chunks.map((c) => c.code).join('\n');
  const own = `${join(project, 'node_modules', 'tautograd')}/`;
  const kept = chunks.flatMap((c) =>
    Object.entries(c.modules).flatMap(([id, { renderedLength: n }]) => (n > 0 ? [[id, n] as const] : [])),
  );
  return {
    code,
    modules: new Map(kept.flatMap(([id, n]) => (id.startsWith(own) ? [[id.slice(own.length), n] as const] : []))),
    foreign: [
      ...kept
        .map(([id]) => id)
        .filter((id) => !id.startsWith(own) && !id.startsWith('\0rolldown') && id !== join(project, file)),
      ...chunks.flatMap((c) => [...c.imports, ...c.dynamicImports]),
    ],
    bytes: {
      minified: Buffer.byteLength(code),
      gzip: gzipSync(code, { level: 9 }).length,
      brotli: brotliCompressSync(code).length,
    },
  };
};

/** Bytes of a minified bundle by brotli, if rows had no words for people. */
export const wordless = (code: string): number =>
  brotliCompressSync(code.replace(/([{,](?:doc|source|formula):)(?:`(?:[^`\\]|\\.)*`|"(?:[^"\\]|\\.)*")/g, '$1""'))
    .length;

/** The title that a script gives its page in the browser, with whatever went wrong there. */
export const titleOf = async (code: string): Promise<string> => {
  const browser = await launched();
  try {
    const page = await browser.newPage();
    const wrong: string[] = [];
    page.on('console', (message) => message.type() === 'error' && wrong.push(message.text()));
    page.on('pageerror', (error) => wrong.push(error.message));
    page.on('request', (request) => wrong.push(`asked for ${request.url()}`));
    await page.setContent(`<!doctype html><script type="module">${code.replaceAll('</script', '<\\/script')}</script>`);
    await page.waitForFunction("document.title !== ''", undefined, { timeout: 20_000 });
    return [await page.title(), ...wrong].join('; ');
  } finally {
    await browser.close();
  }
};
