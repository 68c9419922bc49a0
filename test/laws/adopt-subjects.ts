import { adopted } from '../../src/adopt/adopted.ts';
import { adoptionFinished } from '../../src/adopt/adoption-finished.ts';
import { givenBack } from '../../src/adopt/given-back.ts';
import { nothingKept } from '../../src/adopt/kept.ts';
import { ADOPTIONS, adoptionPath, type Phase } from '../../src/adopt/record.ts';
import { Secret } from '../../src/core/base/secret.ts';
import type { ContainerCreate } from '../../src/core/host/docker.ts';
import type { Task } from '../../src/core/task/task.ts';
import { image } from '../../src/tasks/image.ts';
import type { FakeHost } from '../../src/testing/fake-host.ts';
import { DockerHost } from '../docker/docker-host.ts';

/** What a subject of the laws is made of, as far as adoption needs it. */
interface AdoptSubject {
  readonly name: string;
  host(): FakeHost;
  tasks(): Generator<Task>;
  readonly sideEffects: readonly string[];
}

const REF = 'registry.internal/api7/api7-ee-3-gateway:3.10.5';
const ROOT = { mode: '0755', owner: 'root', group: 'root' } as const;
const SERVICE = { service: 'gateway', container: 'api7-gateway' } as const;
const KEPT = 'api7-gateway.adopted-20261129-101530-0a1b2c';

const body = (token: string): ContainerCreate => ({
  Image: REF,
  Env: [`TOKEN=${token}`],
  HostConfig: {
    RestartPolicy: { Name: 'always' },
    PortBindings: { '9080/tcp': [{ HostIp: '', HostPort: '9080' }] },
  },
});

/** A gateway that api7-orch did not create. */
function byHand(token: string): DockerHost {
  const host = new DockerHost({ command: () => ({ code: 0 }) });
  host.files.makeDirectory('/opt', ROOT);
  host.engine.loadArchive({ classic: 'sha256:1', containerd: 'sha256:2' }, REF);
  // The fake engine runs each request at once.
  void host.engine.create('eager_tesla', body(token));
  void host.engine.start('eager_tesla');
  return host;
}

/** The same after the new container has taken over; `phase`: the recorded phase. */
function takenOver(token: string, phase: Phase): DockerHost {
  const host = byHand(token);
  const { engine, files } = host;
  const id = engine.all[0]?.id ?? '';
  void engine.setRestartPolicy(id, { Name: 'no' });
  void engine.stop(id, { signal: 'SIGQUIT', timeoutSeconds: 1 });
  void engine.rename(id, KEPT);
  void engine.create('api7-gateway', { ...body(token), Labels: { 'api7-orch.spec': 'v1:1' } });
  void engine.start('api7-gateway');
  for (const path of ['/var', '/var/lib', '/var/lib/api7-orch', ADOPTIONS]) files.makeDirectory(path, ROOT);
  const policy = { Name: 'always', MaximumRetryCount: 0 };
  const inspect = {
    ...{ Id: id, Name: '/eager_tesla', Image: 'sha256:1' },
    Config: { Image: REF, Hostname: 'x', Env: [`TOKEN=${token}`], Labels: {} },
    HostConfig: { NetworkMode: 'default', RestartPolicy: policy, PortBindings: {}, Ulimits: [] },
  };
  const old = { id, name: 'eager_tesla', policy, inspect, exitCode: 0 };
  const record = { v: 1, run: '20261129-101530-0a1b2c', phase, old, kept: KEPT, uid: null, newSpec: body(token) };
  files.write(adoptionPath('gateway'), Buffer.from(JSON.stringify(record)), { ...ROOT, mode: '0600' });
  return host;
}

const RECORDS = ['/var', '/var/lib', '/var/lib/api7-orch', ADOPTIONS, adoptionPath('gateway')];

/** Tasks of an adoption. Each also writes a record on the host, which is not part of its claim, the container. */
export const adoptSubjects = (token: string): readonly AdoptSubject[] => [
  {
    name: 'adopted, in place of a container that api7-orch did not create',
    host: () => byHand(token),
    *tasks() {
      const stated = image({ ref: REF });
      yield stated;
      const ports = [{ address: '0.0.0.0', host: 9080, container: 9080 }];
      const env = { TOKEN: Secret.of(token) };
      yield adopted({
        service: 'gateway',
        container: { name: 'api7-gateway', image: stated, hostname: 'gw-1', ports, env },
      });
    },
    sideEffects: RECORDS,
  },
  {
    name: 'givenBack',
    host: () => takenOver(token, 'started'),
    *tasks() {
      yield givenBack(SERVICE);
    },
    sideEffects: RECORDS,
  },
  {
    name: 'adoptionFinished',
    host: () => takenOver(token, 'started'),
    *tasks() {
      yield adoptionFinished({ service: 'gateway' });
    },
    sideEffects: RECORDS,
  },
  {
    name: 'nothingKept',
    host: () => takenOver(token, 'done'),
    *tasks() {
      yield nothingKept(SERVICE);
    },
    sideEffects: RECORDS,
  },
];
