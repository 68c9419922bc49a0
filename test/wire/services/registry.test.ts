import { execFileSync } from 'node:child_process';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { OrchError } from '../../../src/core/base/errors.ts';
import { Secret } from '../../../src/core/base/secret.ts';
import type { Connection } from '../../../src/core/host/connection.ts';
import type { RegistryLogin } from '../../../src/core/host/docker.ts';
import { withDocker } from '../../../src/docker/client.ts';
import { DOCKER_CONFIG } from '../../../src/tasks/image/host-login.ts';
import { type PullRequest, pullForRun } from '../../../src/tasks/image/pull-image.ts';
import { RunPulls } from '../../../src/tasks/image/run-pulls.ts';
import { connectLocal } from '../../../src/transport/local/local.ts';
import { LABEL, PULLER, type RealRegistry, startRegistry } from '../../support/services/real-registry.ts';

// The real Docker Engine of this machine pulls from real registries.

let basic: RealRegistry;
let bearer: RealRegistry;
let host: Connection;

beforeAll(async () => {
  [basic, bearer] = await Promise.all([startRegistry('basic'), startRegistry('bearer')]);
  host = withDocker(await connectLocal('here', { become: 'none' }));
});

/** Removes the pulled images from this machine. */
function removeImages(): void {
  const args = ['image', 'ls', '--all', '--quiet', '--no-trunc', '--filter', `label=${LABEL}`];
  const ids = execFileSync('docker', args, { encoding: 'utf8' }).split('\n').filter(Boolean);
  if (ids.length > 0) execFileSync('docker', ['rmi', '--force', ...new Set(ids)], { stdio: 'ignore' });
}
beforeEach(removeImages);
afterAll(async () => {
  removeImages();
  await host.close();
  await basic[Symbol.asyncDispose]();
  await bearer[Symbol.asyncDispose]();
});

const loginTo = ({ address }: RealRegistry, password: string = PULLER.password): RegistryLogin => ({
  address,
  username: PULLER.username,
  password: Secret.of(password),
});

/** A host with a Docker configuration of its own, independent of root's on this machine. */
const withConfig = (content?: object): Connection => ({
  ...host,
  read: async (path, limit) => {
    if (path !== DOCKER_CONFIG) return await host.read(path, limit);
    return content === undefined ? null : Buffer.from(JSON.stringify(content));
  },
});

interface Pulled {
  readonly error?: OrchError;
  /** Digests of the image that the reference names now. */
  readonly digests: readonly string[];
  readonly warnings: readonly string[];
}

async function pull(
  request: PullRequest,
  { on = withConfig(), pulls = new RunPulls() }: { readonly on?: Connection; readonly pulls?: RunPulls } = {},
): Promise<Pulled> {
  const warnings: string[] = [];
  const report = { warn: (text: string) => void warnings.push(text), progress: () => undefined };
  const error = await pullForRun(on, request, { pulls, report }).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (error !== undefined && !(error instanceof OrchError)) throw error;
  const found = await host.docker.image(request.ref);
  const digests = (found?.RepoDigests ?? []).map((name) => name.replace(/^.*@/, ''));
  return { digests, warnings, ...(error && { error }) };
}

describe.each(['basic', 'bearer'] as const)('a registry with %s login', (kind) => {
  const registry = (): RealRegistry => (kind === 'basic' ? basic : bearer);
  let ref: string;
  let digest: string;
  beforeAll(async () => {
    ref = `${registry().address}/api7/tiny:1`;
    digest = await registry().push('api7/tiny', '1', `one of ${kind}`);
  });

  test("accepts the inventory's login", async () => {
    expect(await pull({ ref, login: loginTo(registry()) })).toEqual({ digests: [digest], warnings: [] });
  });

  test("accepts the host's own Docker configuration", async () => {
    const auth = Buffer.from(`${PULLER.username}:${PULLER.password}`).toString('base64');
    const on = withConfig({ auths: { [registry().address]: { auth } } });
    expect(await pull({ ref }, { on })).toEqual({ digests: [digest], warnings: [] });
  });

  test('refuses another password, once for all hosts, with an error that names both', async () => {
    const { asked = [] } = registry().tokens ?? {};
    const login = loginTo(registry(), 'wr0ng-password');
    await pull({ ref, login });
    const byOne = asked.splice(0).filter((who) => who === 'refused');
    const pulls = new RunPulls();
    const [one, two] = await Promise.all([pull({ ref, login }, { pulls }), pull({ ref, login }, { pulls })]);
    const { address } = registry();
    for (const { error, digests } of [one, two]) {
      expect(error).toMatchObject({
        code: 'REGISTRY_DENIED',
        retryable: false,
        message: expect.stringContaining(
          `${address} refused the login of puller (api7.registries.${address} in the inventory)`,
        ),
      });
      expect(digests).toEqual([]);
      expect(JSON.stringify(error) + error?.message + error?.hint).not.toContain('wr0ng-password');
    }
    expect(asked).toEqual(byOne);
  });

  test('names the configuration of the host if that login is refused or missing', async () => {
    const auth = Buffer.from('puller:another-password').toString('base64');
    const wrong = await pull({ ref }, { on: withConfig({ auths: { [registry().address]: { auth } } }) });
    expect(wrong.error?.message).toContain(`refused the login of puller (${DOCKER_CONFIG} on here)`);
    const none = await pull({ ref }, { on: withConfig({ credHelpers: { [registry().address]: 'vault' } }) });
    expect(none.error).toMatchObject({
      code: 'REGISTRY_DENIED',
      message: expect.stringContaining(`no login for ${registry().address} was given`),
      hint: expect.stringMatching(/docker-credential-vault, which api7-orch does not run/),
    });
  });

  test('reports that an unknown tag or image does not exist', async () => {
    for (const name of ['api7/tiny:2', 'api7/other:1']) {
      const { error } = await pull({ ref: `${registry().address}/${name}`, login: loginTo(registry()) });
      expect(error).toMatchObject({
        code: 'IMAGE_PULL_FAILED',
        message: expect.stringContaining(`${registry().address} has no such image`),
      });
    }
  });
});

test('a tag that moves between the pulls of two hosts gives both the same image', async () => {
  const login = loginTo(basic);
  const ref = `${basic.address}/api7/moves:1`;
  const before = await basic.push('api7/moves', '1', 'before');
  const pulls = new RunPulls();
  expect((await pull({ ref, login }, { pulls })).digests).toEqual([before]);
  const after = await basic.push('api7/moves', '1', 'after');
  expect(after).not.toBe(before);
  removeImages();
  expect((await pull({ ref, login }, { pulls })).digests).toEqual([before]);
  // A resumed run continues with it, and reports it.
  const resumed = new RunPulls();
  resumed.resume(pulls.pinned([ref]));
  removeImages();
  const again = await pull({ ref, login }, { pulls: resumed });
  expect(again.digests).toEqual([before]);
  expect(again.warnings).toEqual([expect.stringMatching(`names another image by now .${after}.`)]);
});

test('a mirror is used first, if it has the image of the registry; it gets its own login only', async () => {
  const ref = `${basic.address}/api7/mirrored:1`;
  const mirrors = [{ prefix: `${bearer.address}/copy`, login: loginTo(bearer) }];
  const digest = await basic.push('api7/mirrored', '1', 'the same');
  const request = { ref, login: loginTo(basic), mirrors };
  // Another image of the same name does not replace it.
  await bearer.push('copy/api7/mirrored', '1', 'another');
  expect(await pull(request)).toMatchObject({ digests: [digest], warnings: [expect.stringContaining('passed over')] });
  removeImages();
  expect(await bearer.push('copy/api7/mirrored', '1', 'the same')).toBe(digest);
  expect(await pull(request)).toEqual({ digests: [digest], warnings: [] });
  expect((await host.docker.image(ref))?.RepoDigests).toEqual([`${bearer.address}/copy/api7/mirrored@${digest}`]);
});

test('a mirror replaces an unreachable registry', async () => {
  const ref = '127.0.0.1:1/api7/away:1';
  const digest = await bearer.push('copy/api7/away', '1', 'away');
  expect((await pull({ ref })).error).toMatchObject({
    code: 'IMAGE_PULL_FAILED',
    retryable: true,
    message: expect.stringContaining('127.0.0.1:1 cannot be reached from this host'),
  });
  const mirrors = [{ prefix: `${bearer.address}/copy`, login: loginTo(bearer) }];
  const { digests, warnings } = await pull({ ref, mirrors });
  expect(digests).toEqual([digest]);
  expect(warnings).toEqual([expect.stringContaining(`the mirror ${bearer.address}`)]);
});

test('an image that is named by its digest is pulled by it', async () => {
  const digest = await basic.push('api7/exact', '1', 'exact');
  const ref = `${basic.address}/api7/exact@${digest}`;
  expect((await pull({ ref, login: loginTo(basic) })).digests).toEqual([digest]);
});
