// The compiled engine under the law book, in both precisions and modes, on one thread and on two: one input for one subject of each law.

import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, test } from 'vitest';
import { terminal } from '../../src/cli/terminal.ts';

const { leave, run } = terminal('verify', '--profile', 'smoke', '--workers', '1');
afterAll(leave);

const VARIANTS = [
  ...['compiled', 'compiled-f64-fast', 'compiled-f32', 'compiled-f32-fast'],
  ...['compiled-threads', 'compiled-f32-fast-threads'],
] as const;

describe('the compiled engine holds the laws', () => {
  test.each(VARIANTS)(
    '%s',
    async (variant) => {
      const { code, out } = await run(fileURLToPath(new URL(`./${variant}.ts`, import.meta.url)));
      expect(out).toMatch(/0 falsified, 0 crashed/);
      expect(code).toBe(0);
    },
    300_000,
  );
});
