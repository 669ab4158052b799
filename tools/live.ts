// Builds the live page: src/live as one script in one file, which asks nothing of any host and runs what its policy names.
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'vite';

const ROOM = new URL('../src/live/', import.meta.url);
const read = (name: string): string => readFileSync(new URL(name, ROOM), 'utf8');
const hash = (text: string): string => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;

/** The script of the page, which is that of its worker too. */
const bundle = async (): Promise<string> => {
  const made = await build({
    ...{ configFile: false, envDir: false, logLevel: 'warn', root: fileURLToPath(ROOM) },
    build: {
      ...{ write: false, target: 'es2023', minify: true },
      lib: { entry: 'main.ts', formats: ['iife'], name: 'live' },
    },
  });
  const [first] = Array.isArray(made) ? made : [made];
  if (first === undefined || !('output' in first)) throw new Error('live: the build made nothing');
  const [chunk, ...rest] = first.output;
  if (rest.length > 0)
    throw new Error(`live: one file was asked for, got ${first.output.map((o) => o.fileName).join(', ')}`);
  return chunk.code;
};

/** The page as text. */
export const livePage = async (): Promise<string> => {
  // neither may end the element that it stands in
  const script = (await bundle()).replaceAll('</script', '<\\/script').replaceAll('<!--', '<\\!--');
  const style = read('live.css');
  const policy = [
    "default-src 'none'",
    `script-src ${hash(script)} 'wasm-unsafe-eval'`,
    `style-src ${hash(style)}`,
    'worker-src blob:',
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ');
  return Object.entries({
    'content="default-src \'none\'"': `content="${policy}"`,
    '<style></style>': `<style>${style}</style>`,
    '<script></script>': `<script>${script}</script>`,
  }).reduce((page, [place, text]) => {
    if (page.split(place).length !== 2) throw new Error(`live: the page must hold ${place} once`);
    return page.replace(place, () => text);
  }, read('live.html'));
};

/** Writes the page, and says where it is and how large. */
export const writeLive = async (path: string): Promise<void> => {
  const page = await livePage();
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, page);
  console.log(`wrote ${path} (${(Buffer.byteLength(page) / 1024).toFixed(0)} KiB)`);
};

if (import.meta.main) await writeLive('reports/live.html');
