/** What tests of playbooks and task types import as `api7-orch/testing`: a host and a Docker Engine in memory. */

export { FakeDocker } from './fake-docker.ts';
export type { FakeDockerOptions } from './fake-docker-options.ts';
export { FakeFiles, type FakeNode } from './fake-files.ts';
export { FakeHost, type FakeHostOptions } from './fake-host.ts';
export { FakeLock } from './fake-lock.ts';
