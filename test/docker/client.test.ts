import { connect } from 'node:net';
import { describe, expect, test } from 'vitest';
import { defined } from '../../src/core/base/data.ts';
import { OrchError } from '../../src/core/base/errors.ts';
import { Secret } from '../../src/core/base/secret.ts';
import { dockerOver } from '../../src/docker/client.ts';
import { FakeDocker } from '../../src/testing/fake-docker.ts';
import { type Reply, scriptedEngine } from './scripted-engine.ts';

const running = async (own: string | undefined, state = {}) => {
  const fake = new FakeDocker({ files: { read: () => null } });
  fake.loadArchive({ classic: 'sha256:1', containerd: 'sha256:2' }, 'a:1');
  await fake.create('web', {
    Image: 'a:1',
    ...defined({ StopSignal: own }),
    HostConfig: { RestartPolicy: { Name: 'no' } },
  });
  await fake.start('web');
  const found = await fake.container('web');
  return { ...found, State: { ...found?.State, ...state } };
};

const code = async (work: Promise<unknown>): Promise<string> => {
  const error = await work.then(
    () => undefined,
    (cause: unknown) => cause,
  );
  if (!(error instanceof OrchError)) throw new Error(`not refused as it should be: ${error}`);
  return error.code;
};

describe('requests', () => {
  const INFO = {
    ServerVersion: '28',
    DockerRootDir: '/d',
    Driver: 'o',
    LoggingDriver: 'journald',
    SecurityOptions: ['name=userns'],
  };
  const informed = (version: Parameters<typeof scriptedEngine>[1]) =>
    scriptedEngine((line) => (line.endsWith('/info') ? { body: { ...INFO, Extra: 1 } } : { status: 204 }), version);

  test('nothing is dialed before the first call; its reply decides the version of all later ones', async () => {
    await using engine = await informed({ ApiVersion: '1.52', MinAPIVersion: '1.24' });
    const docker = dockerOver(engine.dial);
    expect(engine.dials).toBe(0);
    expect(await docker.info()).toEqual(INFO);
    await docker.info();
    expect(engine.dials).toBe(1);
    await docker.start('web');
    expect(engine.requests).toEqual(['GET /info', 'GET /v1.44/info', 'POST /v1.44/containers/web/start']);
    docker.close();
  });

  test('an Engine that does not report its version is asked before the first change', async () => {
    await using engine = await informed({ ApiVersion: '1.41', MinAPIVersion: '1.12', silent: true });
    const docker = dockerOver(engine.dial);
    await docker.info();
    await docker.start('web');
    expect(engine.requests).toEqual(['GET /info', 'GET /version', 'POST /v1.41/containers/web/start']);
    docker.close();
  });

  test('an Engine that no longer supports the version is called with its oldest one, and a change is sent once', async () => {
    await using engine = await informed({ ApiVersion: '1.60', MinAPIVersion: '1.50' });
    const docker = dockerOver(engine.dial);
    await docker.info();
    await docker.start('web');
    await docker.info();
    expect(engine.requests).toEqual([
      'GET /info',
      'POST /v1.44/containers/web/start',
      'POST /v1.50/containers/web/start',
      'GET /v1.50/info',
    ]);
    docker.close();
  });

  test('all requests go out on one socket before the first reply; equal ones of one tick share one request', async () => {
    await using engine = await scriptedEngine(() => 'hang');
    const docker = dockerOver(engine.dial);
    const asked = [
      docker.image('a:1'),
      docker.image('b:1'),
      docker.image('b:1'),
      ...['dashboard', 'dashboard-new', 'dp-manager', 'dp-manager-new'].map((name) => docker.container(name)),
    ].map(code);
    await expect.poll(() => engine.requests.length).toBe(6);
    engine.cut(new OrchError('CONNECTION_LOST', 'gone'));
    expect(new Set(await Promise.all(asked))).toEqual(new Set(['CONNECTION_LOST']));
    expect(engine.requests).toHaveLength(6);
    expect(engine.dials).toBe(1);
    docker.close();
  });

  test('an Engine that closes its socket after every reply gets the rest on others', async () => {
    const image = { Id: '1', RepoTags: [], RepoDigests: [], Architecture: 'amd64' };
    await using engine = await scriptedEngine(() => ({ body: image, last: true }));
    const docker = dockerOver(engine.dial);
    const found = await Promise.all(['a:1', 'b:1', 'c:1'].map((ref) => docker.image(ref)));
    expect(found.map((each) => each?.Id)).toEqual(['1', '1', '1']);
    expect(engine.dials).toBe(3);
    docker.close();
  });

  test('a question of a later tick is sent again', async () => {
    let answers = 0;
    await using engine = await scriptedEngine(() => ({
      body: { Id: `${answers++}`, RepoTags: [], RepoDigests: [], Architecture: 'amd64' },
    }));
    const docker = dockerOver(engine.dial);
    const first = docker.image('a:1');
    await new Promise((resolve) => setImmediate(resolve));
    const second = docker.image('a:1');
    expect([(await first)?.Id, (await second)?.Id].sort()).toEqual(['0', '1']);
    docker.close();
  });

  test('a removal by another client is waited for', async () => {
    await using engine = await scriptedEngine((request) => {
      if (request.startsWith('DELETE'))
        return { status: 409, body: { message: 'removal of container web is already in progress' } };
      return request.includes('/wait?condition=removed') ? { body: { StatusCode: 0 } } : undefined;
    });
    const docker = dockerOver(engine.dial);
    await docker.remove('web');
    expect(engine.requests.at(-1)).toContain('/containers/web/wait?condition=removed');
    docker.close();
  });

  test('a missing object is null, and no error', async () => {
    await using engine = await scriptedEngine(() => undefined);
    const docker = dockerOver(engine.dial);
    expect(await docker.container('web')).toBeNull();
    expect(await docker.image('a:1')).toBeNull();
    expect(await docker.logs('web', 5)).toBe('');
    await docker.remove('web');
    await docker.stop('web', { signal: 'SIGTERM', timeoutSeconds: 1 });
    docker.close();
  });

  test.each<[string, Reply, string]>([
    [
      'a taken port',
      { status: 500, body: { message: 'Bind for 0.0.0.0:80 failed: port is already allocated' } },
      'PORT_TAKEN',
    ],
    ['a full disk', { status: 500, body: { message: 'mkdir /x: no space left on device' } }, 'DISK_FULL'],
    ['any other refusal', { status: 500, body: { message: 'broken' } }, 'DOCKER_FAILED'],
    ['an Engine that hangs up', 'hang up', 'DOCKER_UNREACHABLE'],
  ])('%s has its own error', async (_, reply, expected) => {
    await using engine = await scriptedEngine(() => reply);
    const docker = dockerOver(engine.dial);
    expect(await code(docker.start('web'))).toBe(expected);
    docker.close();
  });

  test('a reply that is not as documented names the field', async () => {
    await using engine = await scriptedEngine(() => ({ body: { Id: 1 } }));
    const docker = dockerOver(engine.dial);
    await expect(docker.container('web')).rejects.toMatchObject({
      code: 'DOCKER_FAILED',
      message: expect.stringContaining('Id'),
    });
    docker.close();
  });

  test.each([
    ['ENOENT', '/nowhere/docker.sock', 'DOCKER_NOT_FOUND'],
    ['ECONNREFUSED', 1, 'DOCKER_UNREACHABLE'],
  ])('a socket that fails with %s', async (_, where, expected) => {
    const docker = dockerOver(async () => (typeof where === 'number' ? connect(where, '127.0.0.1') : connect(where)));
    expect(await code(docker.info())).toBe(expected);
  });

  test('the reason of a failed dial is passed unchanged, and the next call dials again', async () => {
    await using engine = await scriptedEngine(() => ({ body: [] }));
    let up = false;
    const docker = dockerOver(async () => {
      if (!up) throw new OrchError('DOCKER_DENIED', 'no right to use Docker');
      return engine.dial();
    });
    expect(await code(docker.containers())).toBe('DOCKER_DENIED');
    up = true;
    expect(await docker.containers()).toEqual([]);
    docker.close();
  });
});

describe('a lost connection', () => {
  test('ends a pending request with the reason of the loss', async () => {
    await using engine = await scriptedEngine(() => 'hang');
    const docker = dockerOver(engine.dial);
    const pending = code(docker.containers());
    while (engine.requests.length < 1) await new Promise((resolve) => setTimeout(resolve, 5));
    engine.cut(new OrchError('CONNECTION_LOST', 'gw-1 is gone'));
    expect(await pending).toBe('CONNECTION_LOST');
    docker.close();
  });

  test('leaves no idle socket on which the next request would hang', async () => {
    await using engine = await scriptedEngine(() => ({ body: [] }));
    const docker = dockerOver(engine.dial);
    await docker.containers();
    engine.cut();
    expect(await docker.containers()).toEqual([]);
    expect(engine.dials).toBe(2);
    docker.close();
  });

  test('between two requests does not fail a question, but a change is not sent twice', async () => {
    let answers = 0;
    await using engine = await scriptedEngine(() => (answers++ === 0 ? 'hang up' : { body: [] }));
    const docker = dockerOver(engine.dial);
    expect(await docker.containers()).toEqual([]);
    answers = 0;
    expect(await code(docker.start('web'))).toBe('DOCKER_UNREACHABLE');
    expect(engine.requests.filter((line) => line.startsWith('POST'))).toHaveLength(1);
    docker.close();
  });
});

describe('stop', () => {
  const old = { ApiVersion: '1.41', MinAPIVersion: '1.12' };
  const recent = { ApiVersion: '1.47', MinAPIVersion: '1.24' };
  const rows = [
    [
      'a recent Engine takes the signal with the stop',
      recent,
      'SIGTERM',
      ['POST /v1.44/containers/web/stop?t=250&signal=SIGQUIT'],
    ],
    ["an older one stops by the container's own signal", old, 'SIGQUIT', ['POST /v1.41/containers/web/stop?t=250']],
    ['that own signal may be written without SIG', old, 'quit', ['POST /v1.41/containers/web/stop?t=250']],
    [
      'another signal is sent before, and the end awaited',
      old,
      undefined,
      [
        'POST /v1.41/containers/web/kill?signal=SIGQUIT',
        'POST /v1.41/containers/web/wait?condition=not-running',
        'POST /v1.41/containers/web/stop?t=0',
      ],
    ],
  ] as const;

  test.each(rows)('%s', async (_, version, own, expected) => {
    const inspect = await running(own);
    await using engine = await scriptedEngine((line) => {
      if (line.includes('/json')) return { body: inspect };
      return line.includes('/wait') ? { body: { StatusCode: 0 } } : { status: 204 };
    }, version);
    const docker = dockerOver(engine.dial);
    await docker.stop('web', { signal: 'SIGQUIT', timeoutSeconds: 250 });
    expect(engine.requests.slice(1)).toEqual(expected);
    docker.close();
  });

  test('a process that ignores the signal is killed after its timeout', async () => {
    const inspect = await running(undefined);
    await using engine = await scriptedEngine((line) => {
      if (line.includes('/json')) return { body: inspect };
      return line.includes('/wait') ? 'hang' : { status: 204 };
    }, old);
    const docker = dockerOver(engine.dial);
    const before = Date.now();
    await docker.stop('web', { signal: 'SIGQUIT', timeoutSeconds: 1 });
    expect(Date.now() - before).toBeGreaterThan(900);
    expect(engine.requests.at(-1)).toBe('POST /v1.41/containers/web/stop?t=0');
    docker.close();
  });

  test('a stopped container is left alone', async () => {
    const inspect = await running('SIGQUIT', { Running: false });
    await using engine = await scriptedEngine(() => ({ body: inspect }));
    const docker = dockerOver(engine.dial);
    await docker.stop('web', { signal: 'SIGQUIT', timeoutSeconds: 1 });
    expect(engine.requests.filter((line) => line.startsWith('POST'))).toEqual([]);
    docker.close();
  });
});

describe('pull', () => {
  test.each([
    [
      'the Engine refuses',
      { status: 404, body: { message: 'pull access denied for x, repository does not exist' } },
      'REGISTRY_DENIED',
    ],
    [
      'the registry fails on the way',
      { body: { error: 'manifest unknown', errorDetail: { message: 'manifest unknown' } } },
      'IMAGE_PULL_FAILED',
    ],
    ['the disk is full', { body: { error: 'write /var/lib/docker/tmp: no space left on device' } }, 'DISK_FULL'],
  ])('%s', async (_, reply, expected) => {
    await using engine = await scriptedEngine(() => reply);
    const docker = dockerOver(engine.dial);
    expect(await code(docker.pull('x:1'))).toBe(expected);
    expect(engine.requests.at(-1)).toBe('POST /v1.44/images/create?fromImage=x&tag=1');
    docker.close();
  });

  test('logs in by a header, which no message shows', async () => {
    await using engine = await scriptedEngine(() => ({
      body: { error: 'unauthorized: incorrect username or password' },
    }));
    const docker = dockerOver(engine.dial);
    const login = { address: 'registry:5000', username: 'puller', password: Secret.of('r3gistry?>pass') };
    const error = await docker.pull('registry:5000/x:1', login).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({
      code: 'REGISTRY_DENIED',
      message: expect.stringContaining('registry:5000 refused the login of puller'),
    });
    const header = String(engine.headers.at(-1)?.['x-registry-auth']);
    expect(JSON.parse(Buffer.from(header, 'base64url').toString())).toEqual({
      username: 'puller',
      password: 'r3gistry?>pass',
      serveraddress: 'registry:5000',
    });
    expect(JSON.stringify(error) + String(error)).not.toContain(header);
    docker.close();
  });

  test('logs in by an identity token in place of a password', async () => {
    await using engine = await scriptedEngine(() => ({ body: { status: 'Pull complete' } }));
    const docker = dockerOver(engine.dial);
    const [password, token] = [Secret.of('pass'), Secret.of('identity-t0ken')];
    await docker.pull('registry:5000/x:1', { address: 'registry:5000', username: 'puller', password, token });
    const header = String(engine.headers.at(-1)?.['x-registry-auth']);
    expect(JSON.parse(Buffer.from(header, 'base64url').toString())).toEqual({
      identitytoken: 'identity-t0ken',
      serveraddress: 'registry:5000',
    });
    docker.close();
  });

  test('ends when the image exists', async () => {
    await using engine = await scriptedEngine(() => ({ body: { status: 'Pull complete' } }));
    const docker = dockerOver(engine.dial);
    await docker.pull('registry:5000/a/x:1');
    expect(engine.requests.at(-1)).toBe('POST /v1.44/images/create?fromImage=registry%3A5000%2Fa%2Fx&tag=1');
    docker.close();
  });
});

describe('the digest in a registry', () => {
  const digest = `sha256:${'a'.repeat(64)}`;
  const login = { address: 'registry:5000', username: 'puller', password: Secret.of('r3gistry-pass') };

  test('is requested with the login, and nothing is pulled', async () => {
    await using engine = await scriptedEngine(() => ({ body: { Descriptor: { digest, size: 7 }, Platforms: [] } }));
    const docker = dockerOver(engine.dial);
    expect(await docker.digestOf('registry:5000/a/x:1', login)).toBe(digest);
    expect(engine.requests.at(-1)).toBe('GET /v1.44/distribution/registry:5000/a/x:1/json');
    const header = String(engine.headers.at(-1)?.['x-registry-auth']);
    expect(Buffer.from(header, 'base64url').toString()).toContain('r3gistry-pass');
    docker.close();
  });

  test.each([
    ['is no digest', { body: { Descriptor: { digest: 'sha256:../../x' } } }, 'DOCKER_FAILED'],
    [
      'is of an Engine that has no such question',
      { status: 404, body: { message: 'page not found' } },
      'DOCKER_FAILED',
    ],
    ['is refused', { status: 401, body: { message: 'unauthorized: authentication required' } }, 'REGISTRY_DENIED'],
    ['is unknown', { status: 404, body: { message: 'manifest unknown: manifest unknown' } }, 'IMAGE_PULL_FAILED'],
  ])('that %s is an error', async (_, reply, expected) => {
    await using engine = await scriptedEngine(() => reply);
    const docker = dockerOver(engine.dial);
    expect(await code(docker.digestOf('registry:5000/a/x:1', login))).toBe(expected);
    docker.close();
  });
});
