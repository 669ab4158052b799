// How the command line says that it is called: as it was, and never so that somebody else's package would run.
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { cloneOf, IN_CLONE, self } from './self.ts';

const home = realpathSync(mkdtempSync(join(tmpdir(), 'tautograd-self-')));
afterAll(() => rmSync(home, { recursive: true, force: true }));

const clone = join(home, 'clone');
const node = join(clone, 'node_modules', 'node-of-its-own', 'node');
for (const folder of ['node_modules/.bin', 'node_modules/node-of-its-own', 'src/cli'])
  mkdirSync(join(clone, folder), { recursive: true });
writeFileSync(node, '');
writeFileSync(join(clone, 'package.json'), '{}');
symlinkSync(node, join(clone, 'node_modules', '.bin', 'node'));

const file = join(clone, 'src', 'cli', 'self.ts');
const script = { npm_lifecycle_event: 'tautograd', npm_package_json: join(clone, 'package.json') };
const packed = join(home, 'project', 'node_modules', 'tautograd', 'dist', 'src', 'cli', 'self.js');

test.each([
  ['an installed package', { file: packed, cwd: join(home, 'project'), node, env: {} }, 'npx tautograd'],
  ['npm in the clone', { file, cwd: clone, node, env: script }, IN_CLONE],
  [
    'npm in the clone, for a directory beside it',
    { file, cwd: join(home, 'mine'), node, env: script },
    '../clone/node_modules/.bin/node ../clone/src/cli/main.ts',
  ],
  [
    'a script of the same name in another package',
    { file, cwd: join(home, 'mine'), node, env: { ...script, npm_package_json: join(home, 'mine', 'package.json') } },
    '../clone/node_modules/.bin/node ../clone/src/cli/main.ts',
  ],
  ['the clone itself', { file, cwd: clone, node, env: {} }, 'node_modules/.bin/node src/cli/main.ts'],
  [
    'another Node, and a directory far away',
    { file, cwd: '/a/b/c/d/e/f/g/h', node: '/n/node', env: {} },
    `/n/node ${join(clone, 'src', 'cli', 'main.ts')}`,
  ],
])('%s', (_, start, spelt) => {
  expect(self(start)).toBe(spelt);
});

test('a clone is known from what is installed', () => {
  expect(cloneOf({ file })).toBe(clone);
  expect(cloneOf({ file: packed })).toBeNull();
});
