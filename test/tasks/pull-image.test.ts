import { describe, expect, test } from 'vitest';
import { OrchError } from '../../src/core/base/errors.ts';
import { Secret } from '../../src/core/base/secret.ts';
import type { RegistryLogin } from '../../src/core/host/docker.ts';
import { localFiles } from '../../src/local/local-files.ts';
import { DOCKER_CONFIG } from '../../src/tasks/image/host-login.ts';
import { type PullRequest, pullForRun } from '../../src/tasks/image/pull-image.ts';
import { pullsOf, RunPulls } from '../../src/tasks/image/run-pulls.ts';
import { image } from '../../src/tasks/image.ts';
import { digest } from '../docker/archives.ts';
import { DockerHost } from '../docker/docker-host.ts';
import { onePlay, runPlays } from '../support/cluster/run-fake.ts';

const REF = 'registry.example.com/api7/gateway:1';
const REPOSITORY = 'registry.example.com/api7/gateway';
const idsOf = (name: string) => ({ classic: digest(`${name} c`), containerd: digest(`${name} m`) });
const OLD = idsOf('old');
const NEW = idsOf('new');

const hostNamed = (name: string, options: ConstructorParameters<typeof DockerHost>[0] = {}): DockerHost => {
  const host = new DockerHost({ name, ...options });
  host.engine.pullable.set(REF, OLD);
  host.engine.pullable.set(`${REPOSITORY}@${OLD.containerd}`, OLD);
  return host;
};

async function pull(host: DockerHost, request: Partial<PullRequest> = {}, pulls = new RunPulls()) {
  const warnings: string[] = [];
  const report = { warn: (text: string) => void warnings.push(text), progress: () => undefined };
  const error: unknown = await pullForRun(host, { ref: REF, ...request }, { pulls, report }).catch((thrown) => thrown);
  return { error, warnings, id: (await host.engine.image(request.ref ?? REF))?.Id };
}

/** The requests to an engine, with the users that logged in. */
function watched(host: DockerHost) {
  const asked: string[] = [];
  const { engine } = host;
  const user = (login?: RegistryLogin): string => login?.username ?? 'nobody';
  const [pullOf, digestOf] = [engine.pull.bind(engine), engine.digestOf.bind(engine)];
  engine.pull = async (ref, login) => {
    asked.push(`pull ${ref} as ${user(login)}`);
    await pullOf(ref, login);
  };
  engine.digestOf = async (ref, login) => {
    asked.push(`digest ${ref} as ${user(login)}`);
    return await digestOf(ref, login);
  };
  return asked;
}

describe('a tag that moves in the middle of a run', () => {
  test('gives all hosts its first image', async () => {
    const [one, two] = [hostNamed('gw-1'), hostNamed('gw-2')];
    one.engine.onWrite = (call) => {
      if (call === 'pull') for (const { engine } of [one, two]) engine.pullable.set(REF, NEW);
    };
    const { rows, codes } = await runPlays(
      [one, two],
      onePlay(function* () {
        yield image({ ref: REF });
      }),
      { forks: 1 },
    );
    expect([rows, codes]).toEqual([[`changed image ${REF}`, `changed image ${REF}`], []]);
    for (const { engine } of [one, two]) expect((await engine.image(REF))?.Id).toBe(OLD.classic);
  });

  test('is reported when the run is resumed, which continues with the first one', async () => {
    const pulls = new RunPulls();
    await pull(hostNamed('gw-1'), {}, pulls);
    const record = pulls.pinned([REF, 'api7/other:1']);
    expect(record).toEqual([`${REF}@${OLD.containerd}`, 'api7/other:1']);
    const resumed = new RunPulls();
    resumed.resume(record);
    const two = hostNamed('gw-2');
    two.engine.pullable.set(REF, NEW);
    const { id, warnings } = await pull(two, {}, resumed);
    expect(id).toBe(OLD.classic);
    expect(warnings).toEqual([
      expect.stringContaining(`(${NEW.containerd}); this run continues with ${OLD.containerd}`),
    ]);
  });

  test('is not resumed by an invalid digest', async () => {
    const resumed = new RunPulls();
    resumed.resume([REF, `${REF}@sha256:../x`, `x@${OLD.containerd}`, `${REF}@${OLD.containerd}@${OLD.containerd}`]);
    expect(resumed.pinned([REF, 'x'])).toEqual([REF, 'x']);
  });

  test('is that of the image which the first host pulled, where no registry responds', async () => {
    const [one, two] = [hostNamed('gw-1'), hostNamed('gw-2')];
    for (const { engine } of [one, two]) engine.asksRegistries = false;
    const pulls = new RunPulls();
    const first = await pull(one, {}, pulls);
    expect(first).toMatchObject({
      error: undefined,
      id: OLD.classic,
      warnings: [expect.stringContaining('cannot be asked')],
    });
    two.engine.pullable.set(REF, NEW);
    expect(await pull(two, {}, pulls)).toEqual({ error: undefined, id: OLD.classic, warnings: [] });
  });
});

test('simultaneous hosts ask the registry once, and after a failure each by itself', async () => {
  const pulls = new RunPulls();
  let asked = 0;
  const failing = async (): Promise<string> => {
    asked++;
    await new Promise((resolve) => setImmediate(resolve));
    throw new OrchError('IMAGE_PULL_FAILED', 'away');
  };
  const fine = async (): Promise<string> => {
    asked++;
    return `d${asked}`;
  };
  const answers = await Promise.allSettled([
    pulls.pin('x:1', failing, () => false),
    pulls.pin('x:1', fine, () => false),
    pulls.pin('x:1', fine, () => false),
  ]);
  expect(answers.map((answer) => (answer.status === 'fulfilled' ? answer.value : 'failed'))).toEqual([
    'failed',
    'd2',
    'd2',
  ]);
  expect(await pulls.pin('x:1', fine, () => false)).toBe('d2');
  expect(asked).toBe(3);
});

test('a refused login of the inventory is not tried on the other hosts; that of a host is', async () => {
  const attempts = async (login?: RegistryLogin) => {
    const pulls = new RunPulls();
    const hosts = ['gw-1', 'gw-2', 'gw-3'].map((name) => hostNamed(name));
    const asked = hosts.map(watched);
    for (const host of hosts) {
      host.engine.logins.set('registry.example.com', { puller: 'right-password' });
      const config = {
        auths: { 'registry.example.com': { auth: Buffer.from('puller:other-password').toString('base64') } },
      };
      host.files.makeDirectory('/root/.docker', { mode: '0700', owner: 'root', group: 'root' });
      host.files.write(DOCKER_CONFIG, Buffer.from(JSON.stringify(config)), {
        mode: '0600',
        owner: 'root',
        group: 'root',
      });
    }
    const ended = await Promise.all(hosts.map((host) => pull(host, { login }, pulls)));
    expect(ended.map(({ error }) => error)).toEqual(
      hosts.map(() => expect.objectContaining({ code: 'REGISTRY_DENIED' })),
    );
    return asked.flat();
  };
  const login = { address: 'registry.example.com', username: 'puller', password: Secret.of('wr0ng-password') };
  expect(await attempts(login)).toEqual([`digest ${REF} as puller`]);
  expect(await attempts()).toHaveLength(3);
});

describe('mirrors', () => {
  const MIRROR = 'mirror.example.com/copy/api7/gateway';
  const login = { address: 'registry.example.com', username: 'origin', password: Secret.of('origin-password') };
  const mirrors = [
    { prefix: 'empty.example.com' },
    {
      prefix: 'mirror.example.com/copy/',
      login: { address: 'mirror.example.com', username: 'copy', password: Secret.of('copy-password') },
    },
  ];

  test('are tried in order, each with its own login, for the digest that the registry names', async () => {
    const host = hostNamed('gw-1');
    host.engine.pullable.set(`${MIRROR}@${OLD.containerd}`, OLD);
    const asked = watched(host);
    const { error, warnings, id } = await pull(host, { login, mirrors });
    expect([error, id]).toEqual([undefined, OLD.classic]);
    expect(asked).toEqual([
      `digest ${REF} as origin`,
      'digest empty.example.com/api7/gateway:1 as nobody',
      `digest ${MIRROR}:1 as copy`,
      `pull empty.example.com/api7/gateway@${OLD.containerd} as nobody`,
      `pull ${MIRROR}@${OLD.containerd} as copy`,
    ]);
    expect(warnings).toEqual([expect.stringContaining('the mirror empty.example.com is passed over')]);
  });

  test('that have another image under the tag are skipped', async () => {
    const host = hostNamed('gw-1');
    host.engine.pullable.set(`${MIRROR}:1`, NEW);
    const { error, id, warnings } = await pull(host, { login, mirrors });
    expect([error, id, warnings.length]).toEqual([undefined, OLD.classic, 2]);
  });

  test('determine the image where the registry does not', async () => {
    const host = hostNamed('gw-1');
    host.engine.pullable.clear();
    host.engine.pullable.set(`${MIRROR}:1`, NEW);
    const { error, id, warnings } = await pull(host, { login, mirrors });
    expect([error, id]).toEqual([undefined, NEW.classic]);
    expect(warnings[0]).toContain('is the image that the mirror mirror.example.com has');
  });

  test('are not used for a name with a digest', async () => {
    const host = hostNamed('gw-1');
    const asked = watched(host);
    const ref = `${REPOSITORY}@${OLD.containerd}`;
    expect((await pull(host, { ref, login, mirrors })).error).toBeUndefined();
    expect(asked).toEqual([`pull ${ref} as origin`]);
  });

  test('and registry that all fail report the error of the registry', async () => {
    const host = hostNamed('gw-1');
    host.engine.pullable.clear();
    expect((await pull(host, { login, mirrors })).error).toMatchObject({
      code: 'IMAGE_PULL_FAILED',
      message: expect.stringContaining('registry.example.com has no such image'),
    });
  });
});

test('this many pulls run at once, and hosts without a pull do not wait', async () => {
  const pulls = new RunPulls();
  const waiting: (() => void)[] = [];
  const hosts = ['a', 'b', 'c', 'd', 'e'].map((name) => hostNamed(name));
  for (const { engine } of hosts) {
    const pullNow = engine.pull.bind(engine);
    engine.pull = async (ref, login) => {
      await new Promise<void>((resolve) => waiting.push(resolve));
      await pullNow(ref, login);
    };
  }
  const ended = Promise.all(hosts.map((host) => pull(host, { atOnce: 2 }, pulls)));
  const most: number[] = [];
  for (let done = 0; done < hosts.length; ) {
    for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve));
    most.push(waiting.length);
    done += waiting.length;
    for (const go of waiting.splice(0)) go();
  }
  expect((await ended).map(({ error }) => error)).toEqual(hosts.map(() => undefined));
  expect(most).toEqual([2, 2, 1]);
});

describe('free space', () => {
  test('that is too little is refused before the pull, with the available and the needed space', async () => {
    const host = hostNamed('gw-1', { freeBytes: 1.5 * 1024 ** 3 });
    const asked = watched(host);
    expect((await pull(host)).error).toMatchObject({
      code: 'DISK_FULL',
      message: `pull image ${REF}: /var/lib/docker on gw-1 has 1.5 GiB free, 2 GiB are needed (twice an assumed size, its own is unknown)`,
      hint: expect.stringContaining('docker image prune -a'),
    });
    expect(asked.filter((line) => line.startsWith('pull'))).toEqual([]);
  });

  test('is measured by the size of the image once a host of the run has it', async () => {
    const pulls = new RunPulls();
    const [one, two, three] = [
      hostNamed('gw-1'),
      hostNamed('gw-2', { freeBytes: 700e6 }),
      hostNamed('gw-3', { freeBytes: 500e6 }),
    ];
    await pull(one, {}, pulls);
    expect((await pull(two, {}, pulls)).error).toBeUndefined();
    expect((await pull(three, {}, pulls)).error).toMatchObject({
      message: expect.stringContaining('(twice its size)'),
    });
  });

  test('is that of containerd, where it keeps the images', async () => {
    const host = hostNamed('gw-1', { freeBytes: 0 });
    host.files.makeDirectory('/var/lib/containerd', { mode: '0711', owner: 'root', group: 'root' });
    host.engine.info = async () => ({
      ServerVersion: '29.0.0',
      DockerRootDir: '/var/lib/docker',
      Driver: 'overlayfs',
      LoggingDriver: 'json-file',
    });
    expect((await pull(host)).error).toMatchObject({ message: expect.stringContaining('/var/lib/containerd on gw-1') });
  });
});

describe('an image that is already on a host', () => {
  const PINNED = digest('new m');
  const other = digest('old m');
  const collect = (pulls: RunPulls): string[] => {
    const said: string[] = [];
    pulls.onKept = (message, host) => void said.push(`${host}: ${message}`);
    return said;
  };
  const pinTo = (pulls: RunPulls) =>
    pulls.pin(
      REF,
      async () => PINNED,
      () => false,
    );
  const keep = (host: string, ...digests: readonly string[]) => ({ host, ref: REF, digests });

  test.each(['before', 'after'])('causes one warning if the run pinned another one: read %s the pin', async (when) => {
    const pulls = new RunPulls();
    const said = collect(pulls);
    if (when === 'after') await pinTo(pulls);
    for (let read = 0; read < 2; read++) pulls.keep(keep('gw-1', other));
    pulls.keep(keep('gw-2', other, PINNED));
    pulls.keep(keep('gw-3'));
    if (when === 'before') await pinTo(pulls);
    const cure = `for the same image run there: docker pull ${REPOSITORY}@${PINNED} && docker tag ${REPOSITORY}@${PINNED} ${REF}, then run again`;
    const rest = `other hosts of this run get ${PINNED.slice(0, 19)}; ${cure}`;
    expect(said).toEqual([
      `gw-1: image ${REF}: gw-1 keeps ${other.slice(0, 19)}, ${rest}`,
      `gw-3: image ${REF}: gw-3 keeps an image without a registry digest, ${rest}`,
    ]);
  });

  test('causes no warning if nothing was pulled, or the digest is unknown', async () => {
    const pulls = new RunPulls();
    const said = collect(pulls);
    pulls.keep(keep('gw-1', other));
    await pulls.pin(
      REF,
      async () => null,
      () => false,
    );
    expect(said).toEqual([]);
  });

  test('is compared with the image that another host of the run pulls', async () => {
    const [one, two] = [hostNamed('gw-1'), hostNamed('gw-2')];
    one.engine.pullable.set(`${REPOSITORY}@${OLD.containerd}`, OLD);
    await one.engine.pull(REF);
    for (const { engine } of [one, two]) {
      engine.pullable.set(REF, NEW);
      engine.pullable.set(`${REPOSITORY}@${NEW.containerd}`, NEW);
    }
    const files = localFiles();
    const said = collect(pullsOf(files));
    const { codes } = await runPlays(
      [one, two],
      onePlay(function* () {
        yield image({ ref: REF });
      }),
      { files },
    );
    expect(codes).toEqual([]);
    expect(said).toHaveLength(1);
    expect(said[0]).toContain(`gw-1 keeps`);
    expect(said[0]).toContain(`get ${NEW.containerd.slice(0, 19)}`);
  });
});

test('all users of a run’s files share its pulls', () => {
  const files = localFiles();
  expect(pullsOf(files)).toBe(pullsOf(files));
  expect(pullsOf(localFiles())).not.toBe(pullsOf(files));
});
