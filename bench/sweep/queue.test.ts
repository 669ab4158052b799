// The queue, against a real Redis: workers that are killed at random, and a sweep that is the same as without them.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { keyOf, uniform } from '../../src/index.ts';
import { queuePackage } from '../queue/load.ts';
import { serveQueue } from './queue.ts';
import { smallAxes } from './samples.ts';
import { mergeInto, openStore } from './store.ts';
import { runSweep } from './sweep.ts';
import { protocolOf } from './tiers.ts';

const MAIN = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));
const redis = spawnSync('redis-server', ['--version']).status === 0;
const bullmq = ((): boolean => {
  try {
    queuePackage('bullmq');
    return true;
  } catch {
    return false;
  }
})();

const home = mkdtempSync(join(tmpdir(), 'tautograd-queue-'));
const at = (name: string): string => join(home, name);

const freePort = (): Promise<number> =>
  new Promise((resolve) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });

test('an address that is none, and packages that are not there, are said in a sentence', async () => {
  const what = bullmq ? 'queue: an address is as redis://127.0.0.1:6379, got "nowhere"' : 'bullmq is not installed';
  await expect(serveQueue({ url: 'nowhere', name: 'x' })).rejects.toThrow(what);
});

describe.skipIf(!redis || !bullmq)('a queue (skipped without redis-server, or before "npm run queue")', () => {
  let server: ChildProcess;
  let url: string;
  const children: ChildProcess[] = [];
  /** The sweep on the command line, whose end is awaited. */
  const start = (...args: readonly string[]) => {
    const child = spawn(process.execPath, [MAIN, 'sweep', 'queue', ...args], { cwd: home });
    children.push(child);
    let [out, err] = ['', ''];
    child.stdout.on('data', (data) => {
      out += data;
    });
    child.stderr.on('data', (data) => {
      err += data;
    });
    const end = new Promise<{ readonly code: number | null; readonly out: string; readonly err: string }>((resolve) =>
      child.on('exit', (code) => resolve({ code, out, err })),
    );
    return { child, end, said: () => out };
  };

  beforeAll(async () => {
    const port = await freePort();
    url = `redis://127.0.0.1:${port}`;
    const options = ['--port', `${port}`, '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--dir', home];
    server = spawn('redis-server', options, { stdio: ['ignore', 'pipe', 'ignore'] });
    await new Promise<void>((resolve) =>
      server.stdout?.on('data', (data) => {
        if (String(data).includes('Ready to accept connections')) resolve();
      }),
    );
  }, 300_000);
  afterAll(async () => {
    for (const child of [...children, server]) if (child.exitCode === null) child.kill('SIGKILL');
    await sleep(100);
    rmSync(home, { recursive: true, force: true });
  });

  test('four workers, two of them killed at random moments: the same as without a queue', async () => {
    const axes = ['--problems', 'xor', '--optimizers', 'sgd,adam', '--initializers', 'zeros,heNormal'];
    const more = ['--seeds', '20', '--tuning-seeds', '2', '--steps', '300'];
    const serve = start('serve', '--redis', url, ...axes, ...more, '-o', 'queued.jsonl');
    while (!serve.said().includes('--queue ')) {
      if (serve.child.exitCode !== null) throw new Error((await serve.end).err);
      await sleep(20);
    }
    const name = serve.said().match(/--queue (\w+)/)?.[1] ?? '';
    const workers = [1, 2, 3, 4].map(() =>
      start('work', '--redis', url, '--queue', name, '--workers', '1', '--lock', '1', '--json'),
    );
    const [first = 0, second = 0] = uniform(keyOf(3), [2]).view;
    for (const [i, wait] of [first, second].entries()) {
      const size = existsSync(at('queued.jsonl')) ? statSync(at('queued.jsonl')).size : 0;
      while (!existsSync(at('queued.jsonl')) || statSync(at('queued.jsonl')).size === size) await sleep(5);
      await sleep(wait * 100);
      workers[i]?.child.kill('SIGKILL');
    }
    const { code, err, out } = await serve.end;
    expect(err).toBe('');
    expect(code).toBe(0);
    expect(out).toMatch(/\d+ runs, .* runs\/s, wrote queued\.jsonl/);
    expect(workers.map(({ child }) => child.signalCode)).toEqual(['SIGKILL', 'SIGKILL', null, null]);
    for (const { child } of workers.slice(2)) child.kill('SIGINT');
    const made = await Promise.all(workers.slice(2).map(async ({ end }) => JSON.parse((await end).out).runs as number));
    expect(Math.min(...made)).toBeGreaterThan(0);

    const protocol = await protocolOf({
      ...smallAxes,
      mode: 'rate',
      problems: ['xor'],
      seeds: 20,
      tuningSeeds: 2,
      steps: 300,
    });
    const local = openStore(at('local.jsonl'));
    for (const record of (await runSweep(protocol)).values()) local.append(record);
    local.close();
    expect(mergeInto(at('local'), [at('local.jsonl')]).repeated).toBe(0);
    expect(mergeInto(at('queued'), [at('queued.jsonl')]).repeated).toBe(0); // nothing twice
    expect(readFileSync(at('queued'), 'utf8')).toBe(readFileSync(at('local'), 'utf8'));
  }, 600_000);

  test('a server that was killed takes over what its queue still has', async () => {
    const axes = ['--mode', 'defaults', '--problems', 'xor', '--optimizers', 'lion,adam', '--initializers', 'heNormal'];
    const args = ['serve', '--redis', url, ...axes, '--seeds', '30', '--steps', '300', '-o', 'again.jsonl', '--resume'];
    const before = start(...args);
    while (!before.said().includes('--queue ')) await sleep(20);
    const name = before.said().match(/--queue (\w+)/)?.[1] ?? '';
    const worker = start('work', '--redis', url, '--queue', name, '--workers', '1', '--idle', '30');
    while (!existsSync(at('again.jsonl')) || statSync(at('again.jsonl')).size === 0) await sleep(5);
    before.child.kill('SIGKILL');
    await before.end;
    const { code, out } = await start(...args).end;
    expect(code).toBe(0);
    expect(out).toContain('wrote again.jsonl');
    expect(mergeInto(at('again'), [at('again.jsonl')])).toMatchObject({ runs: 60, repeated: 0 });
    worker.child.kill('SIGTERM');
    expect((await worker.end).code).toBe(0);
  }, 300_000);

  test('nobody there is a sentence', async () => {
    const { code, err } = await start('work', '--redis', `redis://127.0.0.1:${await freePort()}`, '--queue', 'x').end;
    expect(err).toMatch(/^tautograd: queue: redis:.* cannot be reached: /);
    expect(code).toBe(2);
  }, 300_000);
});
