import { setImmediate as tick } from 'node:timers/promises';
import { expect, test } from 'vitest';
import type { SessionWish } from '../../../../src/transport/shell/shell-process.ts';
import { sessionGate } from '../../../../src/transport/ssh/link/session-gate.ts';

/** The timeout of a wait that cannot end here. */
const PATIENCE_MS = 1000;

/** An sshd that grants `room` sessions, and a gate in front of it. */
function server(room: number) {
  const gate = sessionGate(PATIENCE_MS);
  let open = 0;
  let most = 0;
  let refusals = 0;
  /** Opens a session; the reply ends it. */
  const start = async (wish?: SessionWish): Promise<(() => void) | 'full'> =>
    gate.run(async (leave) => {
      await tick();
      if (open >= room) {
        refusals++;
        return 'full';
      }
      open++;
      most = Math.max(most, open);
      return () => {
        open--;
        leave();
      };
    }, wish);
  const work = async (): Promise<'done' | 'full'> => {
    const end = await start();
    if (end === 'full') return 'full';
    for (let i = 0; i < 3; i++) await tick();
    end();
    return 'done';
  };
  return { gate, start, work, most: () => most, refusals: () => refusals };
}

test.each([1, 2, 3, 10])('with room for %i, all get a session and few are refused', async (room) => {
  const { work, most, refusals } = server(room);
  const done = await Promise.all(Array.from({ length: 40 }, work));
  expect(new Set(done)).toEqual(new Set(['done']));
  expect(most()).toBe(room);
  // The first rush finds the limit; after that it is kept.
  expect(refusals()).toBeLessThanOrEqual(40);
  const before = refusals();
  await Promise.all(Array.from({ length: 40 }, work));
  expect(refusals()).toBe(before);
});

test('an idle session is closed for a waiting one', async () => {
  const { start } = server(1);
  let asked = 0;
  const release = (): boolean => {
    asked++;
    if (idle !== 'full') idle();
    return true;
  };
  const idle = await start({ lasting: true, release });
  expect(await start()).not.toBe('full');
  expect(asked).toBe(1);
});

test('all idle sessions are closed, of any holder, and those without a holder stay', async () => {
  const { start } = server(3);
  const gone: string[] = [];
  const hold = async (name: string): Promise<void> => {
    const release = (): boolean => {
      gone.push(name);
      if (held !== 'full') held();
      return true;
    };
    const held = await start({ lasting: true, release });
  };
  await start({ lasting: true });
  await hold('shell');
  await hold('socket');
  expect(await Promise.all([start(), start()])).not.toContain('full');
  expect(gone).toEqual(['shell', 'socket']);
});

test('a lasting session that is busy is waited for, for any time', async () => {
  const { start } = server(1);
  let busy = true;
  const release = (): boolean => {
    if (!busy && held !== 'full') held();
    return !busy;
  };
  const held = await start({ lasting: true, release });
  const begun = Date.now();
  setTimeout(() => {
    busy = false;
  }, PATIENCE_MS + 500);
  expect(await start()).not.toBe('full');
  expect(Date.now() - begun).toBeGreaterThan(PATIENCE_MS + 400);
});

test('urgent work does not wait', async () => {
  const { start } = server(1);
  const working = await start();
  const begun = Date.now();
  expect(await start({ urgent: true })).toBe('full');
  expect(Date.now() - begun).toBeLessThan(40);
  if (working !== 'full') working();
  const release = (): boolean => {
    if (idle !== 'full') idle();
    return true;
  };
  const idle = await start({ lasting: true, release });
  expect(await start({ urgent: true })).not.toBe('full');
});

test('where all open sessions stay open, and at a server that grants none, the refusal is reported', async () => {
  const one = server(1);
  await one.start({ lasting: true });
  const none = server(0);
  expect(await Promise.all([one.start(), none.start()])).toEqual(['full', 'full']);
});

test('a session that failed to open for another reason leaves no trace', async () => {
  const gate = sessionGate();
  await expect(gate.run(() => Promise.reject(new Error('no shell')))).rejects.toThrow('no shell');
  expect(await gate.run(async () => 'open')).toBe('open');
});

test('a lost connection ends all waits', async () => {
  const { gate, start } = server(1);
  await start();
  const lost = new Error('lost');
  let isLost = false;
  const waiting = gate.run(async () => {
    if (isLost) throw lost;
    return 'full' as const;
  });
  await tick();
  isLost = true;
  gate.end();
  await expect(waiting).rejects.toBe(lost);
});
