import type { ContainerCreate } from '../../src/core/host/docker.ts';
import type { Report } from '../../src/core/task/change.ts';

export const REPORT: Report = { warn: () => undefined, progress: () => undefined, aboutToStop: async () => undefined };
/** Of the container that takes over. */
export const NAME = 'api7-gateway';
/** What it is created from. */
export const SPEC: ContainerCreate = {
  Image: 'a:1',
  Labels: { 'api7-orch.spec': 'x' },
  HostConfig: { RestartPolicy: { Name: 'unless-stopped' } },
};
