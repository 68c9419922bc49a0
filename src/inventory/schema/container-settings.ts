import { isIP } from 'node:net';
import { posix } from 'node:path';
import { z } from 'zod';
import { OWN_SETTINGS, pathUnder } from '../own-settings.ts';
import { opened } from '../tagged.ts';
import { environment } from './environment.ts';
import { block, type Check, integer, named, otherwise, text } from './fields.ts';

const ipCheck: Check = (value) => (isIP(value) === 0 ? 'must be an IP address' : undefined);

const pathCheck: Check = (value) =>
  value.startsWith('/') && value !== '/' && !value.endsWith('/') && posix.normalize(value) === value
    ? undefined
    : 'must be an absolute path without ".", "..", "//" or a "/" at its end';

/** No mount may hide a file that api7-orch mounts, or a parent directory of it. */
const targetCheck =
  (own: readonly string[]): Check =>
  (value) => {
    const taken = pathUnder(own, value);
    return pathCheck(value) ?? (taken === undefined ? undefined : `api7-orch mounts its own file at ${taken}`);
  };

const mountsOf = (own: readonly string[]) =>
  z
    .array(
      block(
        {
          source: text('Absolute path on the host; it must exist there.', pathCheck),
          target: text('Absolute path in the container.', targetCheck(own)),
          read_only: otherwise(
            z.preprocess(opened, z.boolean()).meta({ description: 'Whether the container may only read it.' }),
            'true',
          ),
        },
        'A file or directory of the host in the container.',
      ),
    )
    .superRefine((mounts, context) => {
      for (const [index, { target }] of mounts.entries())
        if (mounts.findIndex((other) => other.target === target) < index)
          context.addIssue({ code: 'custom', path: [index, 'target'], message: `${target} is mounted twice` });
    })
    .meta({ description: 'Files and directories of the host to mount into the container.' });

/** Units of a size, in bytes. */
export const SIZE_UNITS: Readonly<Record<string, number>> = { k: 2 ** 10, m: 2 ** 20, g: 2 ** 30 };

/** `512m` in bytes; `undefined` for a text that is no size. */
function bytesOf(value: string): number | undefined {
  const [, count = '', unit = ''] = /^(\d{1,9}(?:\.\d{1,3})?)([kmg])$/i.exec(value) ?? [];
  return count === '' ? undefined : Math.floor(Number(count) * (SIZE_UNITS[unit.toLowerCase()] ?? 0));
}

/** The Engine refuses less. */
const LEAST_MEMORY = '6m';

const memoryCheck: Check = (value) => {
  const bytes = bytesOf(value);
  if (bytes === undefined) return 'not a size; write for example 512m, 4g';
  return bytes < (bytesOf(LEAST_MEMORY) ?? 0) ? `must be at least ${LEAST_MEMORY}` : undefined;
};

const MEMORY = 'Memory that the container may use, such as `512m` or `4g`.';

const rotation = block(
  {
    max_size: text('Size of one log file, such as `50m`.', (value) =>
      /^[1-9]\d{0,8}[kmg]$/i.test(value) ? undefined : 'not a size of a log file; write for example 50m, 1g',
    ),
    max_file: integer('Number of log files that are kept.', 1, 1000),
  },
  'Rotation of its log.',
);

const LABEL = /^(?!api7-orch\.)[^\s=]+$/;
const HOST_NAME = /^[A-Za-z0-9_](?:[A-Za-z0-9._-]*[A-Za-z0-9])?$/;

/** Container settings of one of API7's services, to spread into that service's block. */
export const containerSettings = (service: keyof typeof OWN_SETTINGS) => ({
  env: environment('Environment variables of the container.', OWN_SETTINGS[service].variables).optional(),
  mounts: mountsOf(OWN_SETTINGS[service].targets).optional(),
  memory: otherwise(
    text(MEMORY, memoryCheck)
      .transform((value) => bytesOf(value) ?? 0)
      .meta({ description: MEMORY }),
    'no limit',
  ),
  cpus: otherwise(
    z
      .preprocess(
        opened,
        z
          .number()
          .min(0.01)
          .max(1024)
          // The Engine keeps fewer digits: the rest would look like a change in each run.
          .refine((value) => Number(value.toFixed(2)) === value, { error: 'must have at most two decimals' }),
      )
      .meta({ description: 'Processors that the container may use, fractions too.' }),
    'no limit',
  ),
  log: otherwise(
    z.union([z.literal('off'), rotation], { error: 'must be off, or a block with max_size and max_file' }).meta({
      description: "Rotation of the container's log, or `off` to leave it to the Docker daemon.",
    }),
    '5 files of 50 MB, where the log driver takes it',
  ),
  labels: named(
    'Labels of the container.',
    LABEL,
    'a label has no spaces and no "=", and does not begin with "api7-orch."',
    text('Value of the label.'),
  ).optional(),
  extra_hosts: named(
    'Further lines of /etc/hosts in the container: IP addresses by host name.',
    HOST_NAME,
    'not a host name',
    text('IP address of that host.', ipCheck),
  ).optional(),
  dns: z
    .array(text('IP address of a name server.', ipCheck))
    .meta({ description: 'Name servers of the container, in the order in which they are asked.' })
    .optional(),
});

const OWN_NETWORK =
  'cannot be set: a container has its own network, in which its open connections are counted before it is stopped';

/** Settings of Docker that are refused. */
export const REFUSED_SETTINGS: Readonly<Record<string, string>> = {
  network: OWN_NETWORK,
  networks: OWN_NETWORK,
  network_mode: OWN_NETWORK,
  host_network: OWN_NETWORK,
};
