// The documents under test: their snippets run, their commands exist, their tables are complete.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, test } from 'vitest';
import { LAWS } from './laws/index.ts';
import { isPort } from './port.ts';
import { check } from './run.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const read = (file: string): string => readFileSync(join(ROOT, file), 'utf8');
const README = read('README.md');
const blocks = (language: string): readonly string[] =>
  [...README.matchAll(new RegExp(`\`\`\`${language}\\n([\\s\\S]*?)\`\`\``, 'g'))].map((m) => m[1] ?? '');
const scratch = mkdtempSync(join(tmpdir(), 'tautograd-docs-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));
const source = (path: string): string => JSON.stringify(new URL(path, import.meta.url).href);

describe('README', () => {
  test('the training snippet runs, and its comment is true', () => {
    const [snippet = ''] = blocks('ts');
    const file = join(scratch, 'train.ts');
    writeFileSync(
      file,
      snippet
        .replace("'tautograd'", source('../src/index.ts'))
        .replace(/^(evaluate.*);/m, 'console.log($1.map(Math.sign).join());'),
    );
    expect(execFileSync(process.execPath, [file], { encoding: 'utf8' }).trim()).toBe('-1,1,1,-1');
  });

  test('the adapter snippet is a port, and is judged', async () => {
    const [snippet = ''] = blocks('js');
    writeFileSync(
      join(scratch, 'my-engine.js'),
      'export const mine = { relu: (x) => (x > 0 ? x : 0 * x), reluSlope: (x) => (x > 0 ? 1 : 0), adam: () => [] };',
    );
    const file = join(scratch, 'port.mjs');
    writeFileSync(file, snippet.replace("'tautograd/properties'", source('./index.ts')));
    writeFileSync(join(scratch, 'package.json'), '{"type":"module"}');
    const { default: port } = (await import(file)) as { default: unknown };
    if (!isPort(port)) throw new Error('the snippet makes no port');
    const value = LAWS.find((l) => l.id === 'activation/derivative');
    expect(value && (await check(value, port, 'relu', { seed: 1 })).status).toBe('holds');
  });

  test('every npm script, file and room it names exists', () => {
    const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
    for (const [, script = ''] of README.matchAll(/npm run (?:-s )?([\w:]+)/g))
      expect(Object.keys(scripts)).toContain(script);
    for (const [, target = ''] of README.matchAll(/\]\((?!https?:)([^)#]+)\)/g))
      expect(existsSync(join(ROOT, target)), target).toBe(true);
    for (const [, law = ''] of README.matchAll(/explain (\w+\/[\w-]+)/g)) expect(LAWS.map((l) => l.id)).toContain(law);
  });
});

test('the page of reports names every file there is', () => {
  const page = read('reports/README.md');
  const files = readdirSync(join(ROOT, 'reports'), { recursive: true, encoding: 'utf8' }).filter(
    (f) => /\.\w+$/.test(f) && f !== 'README.md',
  );
  for (const file of files) {
    const [, folder = '', base = '', ending = ''] = file.match(/^(.*)\/([^/.]+)\.(\w+)$/) ?? [];
    expect(page.includes(`${folder}/${base}.`) || page.includes(`${folder}/*.${ending}`), file).toBe(true);
  }
});
