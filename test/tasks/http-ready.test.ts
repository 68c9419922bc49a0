import { describe, expect, test } from 'vitest';
import { type AnyErrorCode, OrchError } from '../../src/core/base/errors.ts';
import type { HttpReply, HttpRequest } from '../../src/core/host/connection.ts';
import type { ContainerInspect } from '../../src/core/host/docker.ts';
import { httpReady } from '../../src/tasks/http-ready.ts';
import { FakeDocker } from '../../src/testing/fake-docker.ts';
import { FakeHost } from '../../src/testing/fake-host.ts';
import { seenBy } from '../support/cluster/seen-by.ts';
import { paths, plan } from './settle.ts';

const answering = (reply: HttpReply | null): FakeHost => new FakeHost({ name: 'gw-2', http: () => reply });

async function messageOf(task: ReturnType<typeof httpReady>, host: FakeHost): Promise<string> {
  const { before } = await plan(task, host);
  const error = task.bound.unmet(before);
  expect(error.code).toBe('NOT_READY');
  return error.message;
}

const status = httpReady({ port: 7085, path: '/status', within: '30s' });

describe('httpReady', () => {
  test('sends requests from the host itself, with a timeout for each', async () => {
    const asked: HttpRequest[] = [];
    const host = new FakeHost({
      name: 'gw-2',
      http: (request) => {
        asked.push(request);
        return { status: 200, body: 'ok' };
      },
    });
    expect((await plan(status, host)).differences).toEqual([]);
    expect(asked).toEqual([{ address: '127.0.0.1', port: 7085, path: '/status', timeoutMs: 5000 }]);
  });

  test.each([
    ['no listener', null, 'GET http://127.0.0.1:7085/status on gw-2 got no response for 30s'],
    [
      'another status',
      { status: 503, body: 'starting' },
      'GET http://127.0.0.1:7085/status on gw-2 returned 503 instead of 200 for 30s',
    ],
  ])('not ready: %s', async (_, reply, message) => {
    const host = answering(reply);
    expect(paths((await plan(status, host)).differences)).toEqual(['met']);
    expect(await messageOf(status, host)).toBe(message);
  });

  test('the last response is in the details', async () => {
    const { before } = await plan(status, answering({ status: 503, body: ' database is away \n' }));
    expect(status.bound.unmet(before).details).toBe('database is away');
  });

  test('the body counts where it is declared', async () => {
    const task = httpReady({ port: 80, path: '/', bodyIncludes: 'v3.10.5', within: '30s' });
    expect((await plan(task, answering({ status: 200, body: '{"value":"v3.10.5"}' }))).differences).toEqual([]);
    const old = answering({ status: 200, body: '{"value":"v3.10.4"}' });
    expect(paths((await plan(task, old)).differences)).toEqual(['met']);
    expect(await messageOf(task, old)).toBe(
      'GET http://127.0.0.1:80/ on gw-2 returned 200 without "v3.10.5" in its body for 30s',
    );
  });

  test('another status is accepted if declared', async () => {
    const task = httpReady({ port: 7085, path: '/status/ready', orStatus: [404] });
    expect((await plan(task, answering({ status: 404, body: '' }))).differences).toEqual([]);
    expect(paths((await plan(task, answering({ status: 503, body: '' }))).differences)).toEqual(['met']);
    expect(await messageOf(task, answering({ status: 503, body: '' }))).toContain('returned 503 instead of 200');
  });

  test.each([
    [{ status: 502, body: '' }, []],
    [null, ['met']],
  ])('any response is accepted where only a listener is needed: %j', async (reply, differing) => {
    const task = httpReady({ port: 80, path: '/', status: 'any' });
    expect(paths((await plan(task, answering(reply))).differences)).toEqual(differing);
  });

  test('sends the name of another host', async () => {
    const asked: HttpRequest[] = [];
    const host = new FakeHost({
      name: 'gw-2',
      http: (request) => {
        asked.push(request);
        return { status: 200, body: '' };
      },
    });
    const task = httpReady({ port: 9080, path: '/', host: 'shop.example.com' });
    expect((await plan(task, host)).differences).toEqual([]);
    expect(asked.map(({ host }) => host)).toEqual(['shop.example.com']);
    expect(task.title).toBe('httpReady http://127.0.0.1:9080/ as shop.example.com');
  });

  test('ready, but not often enough in a row', async () => {
    const task = httpReady({ port: 80, path: '/', passes: 3, within: '30s' });
    expect(await messageOf(task, answering({ status: 200, body: '' }))).toContain(
      'returned 200, but not 3 times in a row',
    );
  });

  test('a stuck server is not ready; a lost connection is an error', async () => {
    const failing = (code: AnyErrorCode) =>
      new FakeHost({
        name: 'gw-2',
        http: () => {
          throw new OrchError(code, 'as said');
        },
      });
    expect(await seenBy(status, failing('TIMED_OUT'))).toMatchObject({ reachable: false, said: 'as said' });
    await expect(plan(status, failing('CONNECTION_LOST'))).rejects.toMatchObject({ code: 'CONNECTION_LOST' });
  });

  test('is a gate with its own timeout', () => {
    expect(status.type).toMatchObject({ gate: true, impact: 'none' });
    expect(httpReady({ port: 80, path: '/' }).bound.patience()).toEqual({ withinMs: 60_000, everyMs: 500, passes: 1 });
    expect(httpReady({ port: 80, path: '/', within: '8m', every: '2s', passes: 3 }).bound.patience()).toEqual({
      withinMs: 480_000,
      everyMs: 2000,
      passes: 3,
    });
  });

  test('an IPv6 address is written as URLs have it', () => {
    expect(httpReady({ address: '::1', port: 80, path: '/' }).title).toBe('httpReady http://[::1]:80/');
  });

  test.each([
    [{ port: 0, path: '/' }],
    [{ port: 80, path: 'status' }],
    [{ port: 80, path: '/', status: 42 }],
    [{ port: 80, path: '/', within: '1x' }],
  ])('refuses %j', (raw) => {
    expect(() => httpReady(raw)).toThrow(expect.objectContaining({ code: 'TASK_PARAMS' }));
  });
});

describe('the container behind it', () => {
  const task = httpReady({ port: 17080, path: '/healthz', within: '30s', container: 'api7-dashboard' });

  /** An engine with one container that has printed why it fails. */
  const hostWith = (status: string, exitCode: number, restarts: number): FakeHost => {
    const found: ContainerInspect = {
      Id: 'c0ffee',
      Name: '/api7-dashboard',
      Image: 'sha256:1',
      RestartCount: restarts,
      State: {
        Running: status === 'running',
        Status: status,
        Pid: 0,
        ExitCode: exitCode,
        OOMKilled: false,
        Error: '',
        StartedAt: '',
      },
      Config: { Image: 'dashboard', Hostname: 'cp-1', Env: null, Labels: null },
      HostConfig: {
        NetworkMode: 'bridge',
        RestartPolicy: { Name: 'unless-stopped' },
        PortBindings: null,
        Ulimits: null,
      },
    };
    const docker = Object.assign(new FakeDocker({ files: { read: () => null } }), {
      container: async (name: string) => (name === 'api7-dashboard' && status !== 'absent' ? found : null),
      logs: async () => 'password authentication failed\n',
    });
    return new FakeHost({ name: 'cp-1', docker, http: () => null });
  };

  test.each([
    ['running', 0, 9, undefined],
    ['restarting', 1, 2, undefined],
    ['restarting', 1, 3, 'container api7-dashboard ends with exit code 1 each time it is started (3 restarts)'],
    ['exited', 137, 0, 'container api7-dashboard has ended with exit code 137'],
    ['absent', 0, 0, 'there is no container api7-dashboard'],
  ])('%s, exit code %i, %i restarts: %s', async (status, exitCode, restarts, message) => {
    const { before } = await plan(task, hostWith(status, exitCode, restarts));
    expect(task.bound.cannotRecover(before)?.message).toBe(message);
  });

  test('its log shows why', async () => {
    const host = hostWith('restarting', 1, 5);
    const { before } = await plan(task, host);
    expect(task.bound.cannotRecover(before)).toMatchObject({
      code: 'CONTAINER_EXITED',
      details: 'password authentication failed',
    });
    expect(task.bound.unmet(before).details).toContain('password authentication failed');
  });

  test('is not read where the response is right, or no container is named', async () => {
    const untouched = new FakeHost({ name: 'cp-1', http: () => ({ status: 200, body: '' }) });
    expect((await plan(task, untouched)).differences).toEqual([]);
    const { before } = await plan(status, answering(null));
    expect(status.bound.cannotRecover(before)).toBeUndefined();
  });
});
