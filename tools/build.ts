// Builds what is published: JavaScript under dist/ with the declarations that the ways in lead to, the data that the problems read, the starters of ports, and the live page.
import { spawnSync } from 'node:child_process';
import { cpSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { writeLive } from './live.ts';

rmSync('dist', { recursive: true, force: true });
const { status } = spawnSync('tsc', ['-p', 'tools/tsconfig.build.json'], {
  stdio: 'inherit',
  shell: process.platform === 'win32',
});
if (status !== 0) process.exit(status ?? 1); // the compiler has said why
for (const folder of ['bench/data', 'properties/ports/starters']) cpSync(folder, `dist/${folder}`, { recursive: true });

/** Declarations that an import can come to: the other six sevenths would be weight for nobody. */
const reached = new Set<string>();
const reach = (file: string): void => {
  if (reached.has(file)) return;
  reached.add(file);
  for (const [, to = ''] of readFileSync(file, 'utf8').matchAll(/(?:from|import)\s*\(?\s*['"](\.[^'"]+)['"]/g))
    reach(resolve(dirname(file), to.replace(/\.[jt]s$/, '.d.ts')));
};
const { exports } = JSON.parse(readFileSync('package.json', 'utf8')) as {
  readonly exports: Readonly<Record<string, string | { readonly types: string }>>;
};
for (const target of Object.values(exports)) if (typeof target !== 'string') reach(resolve(target.types));
for (const file of readdirSync('dist', { recursive: true, encoding: 'utf8' }))
  if (file.endsWith('.d.ts') && !reached.has(resolve(join('dist', file)))) rmSync(join('dist', file));
await writeLive('dist/live.html');
