import { z } from 'zod';
import { CONTAINERS, IN_IMAGE, PATHS } from '../../../src/api7/paths.ts';
import type { OrchRun } from '../scenes/orch.ts';

const changed = z.object({
  type: z.literal('task.end'),
  host: z.string(),
  task: z.string(),
  status: z.literal('changed'),
  differences: z.array(z.object({ path: z.string() })),
});

type Listed = Readonly<Record<string, readonly string[]>>;

/** What `--check` lists for a host: its tasks with changes, and of a container that is taken over the settings. */
export function listed({ stdout }: OrchRun, host: string): Listed {
  const tasks = stdout
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .flatMap((line) => changed.safeParse(JSON.parse(line)).data ?? [])
    .filter((event) => event.host === host);
  return Object.fromEntries(
    tasks.map(({ task, differences }) => [
      task,
      task.startsWith('adopted') ? differences.map(({ path }) => path).sort() : [],
    ]),
  );
}

/** Of every container: its name, how it is stopped and restarted, its limits, and where its configuration is. */
const ofContainer = (file: string, inImage: string, ...more: readonly string[]): readonly string[] =>
  [
    `mounted.${inImage}`,
    `mounts.${inImage}.readOnly`,
    `mounts.${inImage}.source`,
    'name',
    'nofile',
    'phase',
    'restart',
    `restartOn.file:${file}`,
    // The label with what api7-orch declared.
    'spec',
    'stopTimeoutSeconds',
    ...more,
  ].sort();

/** What adoption changes by design (docs/adopting.md) on a control-plane host of the vendor's page. */
export const ON_CONTROL_PLANE: Listed = {
  [`directory ${PATHS.home}`]: [],
  [`yamlFile ${PATHS.dashboardConfig}`]: [],
  [`adopted ${CONTAINERS.dashboard}`]: ofContainer(PATHS.dashboardConfig, IN_IMAGE.dashboardConfig, 'stopSignal'),
  [`yamlFile ${PATHS.dpManagerConfig}`]: [],
  [`adopted ${CONTAINERS.dpManager}`]: ofContainer(PATHS.dpManagerConfig, IN_IMAGE.dpManagerConfig, 'stopSignal'),
};

/** The same for one of its gateways. Their status port is published, and their image has the stop signal. */
export const onGateway = (image: string): Listed => ({
  [`directory ${PATHS.home}`]: [],
  [`directory ${PATHS.gatewayConfigDir}`]: [],
  [`yamlFile ${PATHS.gatewayConfig}`]: [],
  [`file ${PATHS.gatewayUid}`]: [],
  [`${IN_IMAGE.gatewayConfig} is accepted by ${image}`]: [],
  [`adopted ${CONTAINERS.gateway}`]: ofContainer(
    PATHS.gatewayConfig,
    IN_IMAGE.gatewayConfig,
    'hostname',
    `mounts.${IN_IMAGE.gatewayUid}`,
    `restartOn.file:${PATHS.gatewayUid}`,
  ),
  [`record that ${CONTAINERS.gateway} has loaded its configuration`]: [],
});
