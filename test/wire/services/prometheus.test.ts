import { afterAll, beforeAll, expect, test } from 'vitest';
import { prometheusUsable } from '../../../src/api7/prometheus-usable.ts';
import { Secret } from '../../../src/core/base/secret.ts';
import type { Connection, HttpTls } from '../../../src/core/host/connection.ts';
import { withDocker } from '../../../src/docker/client.ts';
import { httpByTool } from '../../../src/transport/sockets/http-by-tool.ts';
import { httpTarget } from '../../../src/transport/sockets/http-get.ts';
import { freePort } from '../../support/base/free-port.ts';
import {
  makeCertificates,
  PROMETHEUS_USER,
  startPrometheus,
  type TestPrometheus,
} from '../../support/services/prometheus.ts';
import { startSshd, type TestSshd } from '../../support/ssh/sshd.ts';

// Debian's Prometheus, reached over SSH as from a control-plane host.
let sshd: TestSshd;
let host: Connection;
let open: TestPrometheus;
let closed: TestPrometheus;
let secure: TestPrometheus;
const certificates = makeCertificates();
const login = { username: PROMETHEUS_USER.username, password: Secret.of(PROMETHEUS_USER.password) };

beforeAll(async () => {
  sshd = await startSshd();
  [open, closed, secure] = await Promise.all([
    startPrometheus({ receiver: true }),
    startPrometheus({ login: true }),
    startPrometheus({ receiver: true, login: true, certificates }),
  ]);
  host = withDocker(await sshd.connect());
});
afterAll(async () => {
  await host.close();
  await Promise.all([open, closed, secure, sshd].map((each) => each[Symbol.asyncDispose]()));
});

interface Asked {
  readonly addr: string;
  readonly login?: typeof login;
  readonly tls?: HttpTls;
  readonly query?: string;
  readonly write?: string;
}

/** The finding of the gate: none where Prometheus can be used. */
async function found(asked: Asked): Promise<string> {
  const gate = prometheusUsable({ query: '/api/v1/query?query=1', write: '/api/v1/write', ...asked });
  const seen = await gate.bound.read(host, undefined);
  return gate.bound.result(seen as never) as string;
}

test('one with a receiver and without a login is usable', async () => {
  expect(await found({ addr: open.addr })).toBe('');
});

test('a login that the server does not need is harmless', async () => {
  expect(await found({ addr: open.addr, login })).toBe('');
});

test('without its receiver it accepts no writes', async () => {
  expect(await found({ addr: closed.addr, login })).toBe(
    `Prometheus at ${closed.addr} takes no writes: POST /api/v1/write returned 404`,
  );
});

test('without a login, or with a wrong one, it refuses', async () => {
  expect(await found({ addr: closed.addr })).toBe(`Prometheus at ${closed.addr} requires a login`);
  const wrong = { ...login, password: Secret.of('another-password') };
  expect(await found({ addr: closed.addr, login: wrong })).toBe(`Prometheus at ${closed.addr} refuses the login`);
});

test('an unknown path answers no queries', async () => {
  expect(await found({ addr: open.addr, query: '/below/api/v1/query?query=1' })).toContain(
    'does not answer queries: GET /below/api/v1/query?query=1 returned 404',
  );
});

test('a port without a listener does not respond', async () => {
  expect(await found({ addr: `http://127.0.0.1:${await freePort()}` })).toMatch(
    /^http:\/\/127\.0\.0\.1:\d+\/api\/v1\/query\?query=1 does not respond: /,
  );
});

test('by HTTPS it is trusted by its authority and its name, and trusts a client by its certificate', async () => {
  const client = { cert: certificates.read('client.pem'), key: Secret.of(certificates.read('client.key')) };
  const tls = { ca: certificates.read('ca.pem'), client, serverName: 'prometheus.internal' };
  const { addr } = secure;
  expect(await found({ addr, login, tls })).toBe('');
  expect(await found({ addr, tls })).toBe(`Prometheus at ${addr} requires a login`);
  expect(await found({ addr, login, tls: { client, serverName: tls.serverName } })).toMatch(
    /^https:\S+ does not respond: .*certificate/,
  );
  expect(await found({ addr, login, tls: { ...tls, serverName: 'another.internal' } })).toMatch(/does not match/);
  expect(await found({ addr, login, tls: { ca: tls.ca, serverName: tls.serverName } })).toMatch(/does not respond/);
});

test('where sshd forwards nothing, curl sends the request, and the password is in no command line', async () => {
  const scripts: string[] = [];
  const run: Connection['test'] = async (command, options) => {
    scripts.push(JSON.stringify(command));
    return await host.test(command, options);
  };
  const ask = async (port: number, method: 'GET' | 'POST', path: string) =>
    (await httpByTool(run, httpTarget({ port, path, login }, method))).status;
  expect(await ask(open.port, 'POST', '/api/v1/write')).toBe(400);
  expect(await ask(closed.port, 'POST', '/api/v1/write')).toBe(404);
  expect(await ask(closed.port, 'GET', '/api/v1/query?query=1')).toBe(200);
  expect(scripts.join('\n')).not.toMatch(/w0rd/);
  const secured = httpTarget({ port: secure.port, path: '/', tls: {} }, 'GET');
  await expect(httpByTool(run, secured)).rejects.toMatchObject({ code: 'FORWARDING_REFUSED' });
});
