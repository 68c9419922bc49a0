import { existsSync, readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { Secret } from '../../../src/core/base/secret.ts';
import { launchLocal } from '../../../src/transport/local/local-process.ts';
import { runShell } from '../../../src/transport/shell/channel.ts';
import { startShell } from '../../../src/transport/shell/shell.ts';
import type { Launch, Rights } from '../../../src/transport/shell/shell-process.ts';
import { temporaryDirectory } from '../../support/base/temporary-directory.ts';

const base = temporaryDirectory('channel');
const local: Launch = async (line) => launchLocal(line);
const quiet = { onStdout: () => {}, onStderr: () => {} };

test('an interrupt during the opening of the session ends the command', async () => {
  const slow: Launch = async (line) => {
    await delay(200);
    return launchLocal(line);
  };
  const request = { script: `sleep 2; : >${base}/ran`, signal: AbortSignal.timeout(50), ...quiet };
  await expect(runShell(slow, { become: 'none' }, request)).rejects.toMatchObject({ code: 'INTERRUPTED' });
  await delay(2500);
  expect(existsSync(`${base}/ran`)).toBe(false);
});

test('a child that outlives the leader of a stopped command is killed', async () => {
  const script = `sh -c 'trap "" TERM; echo $$ >${base}/child; while :; do sleep 0.2; done' >/dev/null 2>&1 & wait`;
  await expect(runShell(local, { become: 'none' }, { script, timeoutMs: 600, ...quiet })).rejects.toMatchObject({
    code: 'TIMED_OUT',
  });
  const pid = readFileSync(`${base}/child`, 'utf8').trim();
  await expect.poll(() => existsSync(`/proc/${pid}`), { timeout: 4000 }).toBe(false);
});

test('a wrong sudo password is sent once on a connection, for any number of waiting commands', async () => {
  /** The visible behavior of sudo: asks, and asks again after a wrong answer. */
  const sudo: Launch = async (line) => {
    const prompt = /-p '([^']+)'/.exec(line)?.[1] ?? '';
    return launchLocal(
      `printf '%s' '${prompt}' >&2; read -r p; echo given >>${base}/given; printf '%s' '${prompt}' >&2; sleep 1`,
    );
  };
  const rights: Rights = { become: 'sudo', password: Secret.of('wrong-one') };
  const events = { stdout: () => {}, stderr: () => {}, close: () => {}, lost: () => {} };
  const tries = await Promise.allSettled(Array.from({ length: 5 }, () => startShell(sudo, rights, ':', events)));
  tries.push(...(await Promise.allSettled([startShell(sudo, rights, ':', events)])));
  for (const tried of tries)
    expect(tried).toMatchObject({ status: 'rejected', reason: { code: 'CONNECT_SUDO_PASSWORD_WRONG' } });
  const given = readFileSync(`${base}/given`, 'utf8').trim().split('\n').length;
  expect(given).toBe(1);
});
