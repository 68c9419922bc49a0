import { expect, test } from 'vitest';
import { Secret } from '../../src/core/base/secret.ts';
import { pullRefused } from '../../src/docker/pull-refused.ts';

const REF = 'registry.example.com:5000/team/gateway:1';
const DOING = `pull image ${REF}`;
const login = { address: 'registry.example.com:5000', username: 'puller', password: Secret.of('r3gistry-pass') };

test.each([
  [
    'Head "https://registry.example.com:5000/v2/team/gateway/manifests/1": dial tcp 10.0.0.9:5000: connect: connection refused',
    'registry.example.com:5000 cannot be reached from this host',
    /firewall/,
  ],
  [
    'Get "https://registry.example.com:5000/v2/": dial tcp: lookup registry.example.com on 10.0.0.2:53: no such host',
    'registry.example.com:5000 cannot be reached from this host',
    /name resolution/,
  ],
  [
    'Get "https://registry.example.com:5000/v2/": net/http: request canceled while waiting for connection (Client.Timeout exceeded while awaiting headers)',
    'registry.example.com:5000 cannot be reached from this host',
    /mirror/,
  ],
  [
    'Get "https://registry.example.com:5000/v2/": x509: certificate signed by unknown authority',
    'the host does not accept the certificate of registry.example.com:5000',
    /\/etc\/docker\/certs\.d\/registry\.example\.com:5000\/ca\.crt/,
  ],
  [
    'Get "https://registry.example.com:5000/v2/": http: server gave HTTP response to HTTPS client',
    'registry.example.com:5000 speaks HTTP without TLS',
    /insecure-registries/,
  ],
  [
    'toomanyrequests: You have reached your unauthenticated pull rate limit. https://www.docker.com/increase-rate-limit',
    'its rate limit is reached',
    /api7\.registries/,
  ],
  [`manifest for ${REF} not found: manifest unknown: manifest unknown`, 'has no such image', /name and the tag/],
  ['layer is odd', 'pull image registry.example.com:5000/team/gateway:1: layer is odd', /name and tag/],
])('%s', (words, says, hint) => {
  const error = pullRefused(REF, DOING, words, login);
  expect(error).toMatchObject({ code: 'IMAGE_PULL_FAILED', hint: expect.stringMatching(hint) });
  expect(error.message).toContain(says);
  expect(error.message.startsWith(`${DOING}: `) && error.message.endsWith(words)).toBe(true);
});

test.each([
  ['unauthorized: authentication required'],
  ['pull access denied for team/gateway, repository does not exist or may require authorization: denied'],
  ['Get "https://registry.example.com:5000/v2/": no basic auth credentials'],
])('a refused login names its source: %s', (words) => {
  expect(pullRefused(REF, DOING, words, login)).toMatchObject({
    code: 'REGISTRY_DENIED',
    retryable: false,
    message: `${DOING}: registry.example.com:5000 refused the login of puller (api7.registries.registry.example.com:5000 in the inventory): ${words}`,
  });
  const from = '/root/.docker/config.json on gw-1';
  expect(pullRefused(REF, DOING, words, { ...login, from })).toMatchObject({
    message: expect.stringContaining(`the login of puller (${from})`),
    hint: expect.stringContaining(`in ${from}`),
  });
  expect(pullRefused(REF, DOING, words, undefined)).toMatchObject({
    code: 'REGISTRY_DENIED',
    message: expect.stringContaining('no login for registry.example.com:5000 was given'),
    hint: expect.stringContaining('api7.registries'),
  });
});

test('the name of an image is not mistaken for the cause', () => {
  const ref = 'denied.example.com/tls/certificate-timeout:1';
  const words = 'manifest for denied.example.com/tls/certificate-timeout:1 not found: manifest unknown';
  expect(pullRefused(ref, `pull image ${ref}`, words, undefined)).toMatchObject({
    code: 'IMAGE_PULL_FAILED',
    retryable: false,
    message: expect.stringContaining('has no such image'),
  });
});

test('a full disk is one', () => {
  expect(pullRefused(REF, DOING, 'write /var/lib/docker/tmp/x: no space left on device', login)).toMatchObject({
    code: 'DISK_FULL',
    hint: expect.stringContaining('docker image prune -a'),
  });
});
