import { expect, test } from 'vitest';
import { OrchError } from '../../src/core/base/errors.ts';
import { redact } from '../../src/core/base/redact.ts';
import { reveal } from '../../src/core/base/secret.ts';
import { DOCKER_CONFIG, hostLogin } from '../../src/tasks/image/host-login.ts';
import { FakeHost } from '../../src/testing/fake-host.ts';

const hostWith = (content: string): FakeHost => {
  const host = new FakeHost({ name: 'gw-1' });
  host.files.makeDirectory('/root/.docker', { mode: '0700', owner: 'root', group: 'root' });
  host.files.write(DOCKER_CONFIG, Buffer.from(content), { mode: '0600', owner: 'root', group: 'root' });
  return host;
};
const base64 = (text: string): string => Buffer.from(text).toString('base64');
const login = async (config: object, address = 'registry.example.com:5000') =>
  await hostLogin(hostWith(JSON.stringify(config)), address);

test.each([
  ['as docker login writes it', { auths: { 'registry.example.com:5000': { auth: base64('ops:p:ss wörd') } } }],
  ['under a URL', { auths: { 'https://registry.example.com:5000/v1/': { auth: base64('ops:p:ss wörd') } } }],
  ['in clear', { auths: { 'registry.example.com:5000': { username: 'ops', password: 'p:ss wörd' } } }],
  ['padded', { auths: { 'registry.example.com:5000': { auth: base64('ops:p:ss wörd\0\0') } } }],
  [
    'beside a helper for others',
    {
      auths: { 'registry.example.com:5000': { auth: base64('ops:p:ss wörd') } },
      credHelpers: { 'x.example.com': 'v' },
    },
  ],
])('a login %s is read', async (_, config) => {
  const found = await login(config);
  expect(found.login).toMatchObject({ address: 'registry.example.com:5000', username: 'ops' });
  expect(reveal(found.login?.password ?? '')).toBe('p:ss wörd');
  expect(found.login?.from).toBe('/root/.docker/config.json on gw-1');
});

test('Docker Hub is known by the address of its index', async () => {
  const config = { auths: { 'https://index.docker.io/v1/': { auth: base64('hub:hub-password') } } };
  expect((await login(config, 'docker.io')).login).toMatchObject({ address: 'docker.io', username: 'hub' });
});

test('an identity token replaces the password', async () => {
  const auths = { 'r.example.com': { auth: base64('00000000-0000-0000-0000-000000000000:'), identitytoken: 'tok3n' } };
  const found = await login({ auths }, 'r.example.com');
  expect(reveal(found.login?.token ?? '')).toBe('tok3n');
});

test('the login of another registry is not used', async () => {
  const auth = base64('ops:password');
  const auths = {
    'registry.example.com': { auth },
    'registry.example.com:5001': { auth },
    'example.com:5000': { auth },
  };
  expect(await login({ auths })).toEqual({});
});

test('a login that was read is masked from then on, also in its encoded form', async () => {
  const auth = base64('ops:masked-password');
  await login({ auths: { 'registry.example.com:5000': { auth } } });
  expect(redact(`masked-password ${auth}`)).toBe('*** ***');
});

test.each([
  ['{', /is not a Docker configuration/],
  ['{"auths": []}', /is not a Docker configuration/],
  [
    '{"auths": {"registry.example.com:5000": {}}, "credsStore": "pass"}',
    /docker-credential-pass, which api7-orch does not run/,
  ],
  ['{"credHelpers": {"registry.example.com:5000": "ecr-login"}}', /docker-credential-ecr-login/],
  [`{"auths": {"registry.example.com:5000": {"auth": "${base64('o:abc')}"}}}`, /fewer than 4 characters/],
])('%s has no login, with the reason', async (content, note) => {
  expect(await hostLogin(hostWith(content), 'registry.example.com:5000')).toEqual({
    note: expect.stringMatching(note),
  });
});

test('a host without one, and one without read access, have none', async () => {
  expect(await hostLogin(new FakeHost({ name: 'gw-1' }), 'docker.io')).toEqual({});
  const denied = new FakeHost({ name: 'gw-1' });
  denied.read = async () => {
    throw new OrchError('PERMISSION_DENIED', 'no');
  };
  expect(await hostLogin(denied, 'docker.io')).toEqual({});
});
