// The compiled engine under the law book, in both precisions and modes, on one thread and on two: one input for one subject of each law.

import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, test } from 'vitest';
import { terminal } from '../../src/cli/terminal.ts';
import { deviationsSchema } from '../deviations.ts';

const { leave, run } = terminal('verify', '--profile', 'smoke', '--workers', '1');
afterAll(leave);

const here = (file: string): string => fileURLToPath(new URL(file, import.meta.url));
const VARIANTS = [
  ...['compiled', 'compiled-f64-fast', 'compiled-f32', 'compiled-f32-fast'],
  ...['compiled-threads', 'compiled-f32-fast-threads'],
] as const;

describe('the compiled engine holds the laws', () => {
  test.each(VARIANTS)(
    '%s',
    async (variant) => {
      const { code, out } = await run(here(`./${variant}.ts`));
      expect(out).toMatch(/0 falsified, 0 crashed/);
      expect(code).toBe(0);
    },
    300_000,
  );
});

test('in fast mode, laws that are bit for bit between two programs are broken, as the list says', async () => {
  const list = here('./compiled-fast.json');
  const laws = deviationsSchema.parse(JSON.parse(readFileSync(list, 'utf8'))).map(({ law }) => law);
  const options = ['--profile', 'ci', '--law', laws.join(','), '--expect', list];
  const { code, out } = await run(here('./compiled-f32-fast.ts'), ...options);
  expect(out).toContain(`0 hold, 0 falsified, 0 crashed, 0 not covered, ${laws.length} waived`);
  expect(code).toBe(0);
}, 600_000);
