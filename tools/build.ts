// Builds what is published: JavaScript and declarations under dist/, with the data that the problems read, the starters of ports, and the live page.
import { spawnSync } from 'node:child_process';
import { cpSync, rmSync } from 'node:fs';
import { writeLive } from './live.ts';

rmSync('dist', { recursive: true, force: true });
const { status } = spawnSync('tsc', ['-p', 'tools/tsconfig.build.json'], {
  stdio: 'inherit',
  shell: process.platform === 'win32',
});
if (status !== 0) process.exit(status ?? 1); // the compiler has said why
for (const folder of ['bench/data', 'properties/ports/starters']) cpSync(folder, `dist/${folder}`, { recursive: true });
await writeLive('dist/live.html');
