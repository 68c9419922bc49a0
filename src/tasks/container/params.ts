import { z } from 'zod';
import { addressWithPort } from '../../core/base/address-text.ts';
import { defined } from '../../core/base/data.ts';
import { portNumber } from '../../core/base/port-number.ts';
import { Task } from '../../core/task/task.ts';
import type { ContainerSpec, LogOptions } from '../../docker/spec.ts';
import { givenFields } from './given.ts';
import { stopFields } from './stop.ts';

const port = z.strictObject({
  /** Host address to publish on. No default: published ports bypass the host's firewall. */
  address: z.union([z.ipv4(), z.ipv6()], { error: 'must be an IP address, 0.0.0.0 for all' }),
  host: portNumber,
  container: portNumber,
  protocol: z.enum(['tcp', 'udp']).default('tcp'),
});

/** The Engine refuses less. */
const LEAST_MEMORY = 6 * 1024 * 1024;

/** Labels that api7-orch itself reads. */
const OWN_LABELS = 'api7-orch.';

const log = z.union([
  z.literal('off'),
  z.strictObject({
    maxSize: z.string().regex(/^[1-9]\d{0,8}[kmg]$/, { error: "must be a size such as '50m'" }),
    maxFile: z.int().min(1),
  }),
]);

const task = z.instanceof(Task, { error: 'must be a task' });

export const containerParams = z
  .strictObject({
    name: z
      .string()
      .regex(/^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/, { error: 'must be a container name: letters, digits, _ . -' }),
    image: task.refine(({ type }) => type.kind === 'image', { error: 'must be an image task' }),
    hostname: z.string().min(1).optional(),
    ports: z.array(port).readonly().default([]),
    ...givenFields,
    labels: z
      .record(
        z
          .string()
          .min(1)
          .refine((name) => !name.startsWith(OWN_LABELS), { error: `must not begin with ${OWN_LABELS}` }),
        z.string(),
      )
      .default({}),
    restart: z.enum(['no', 'always', 'unless-stopped', 'on-failure']).default('unless-stopped'),
    ...stopFields,
    nofile: z.int().min(1).optional(),
    networkMode: z.string().min(1).optional(),
    /** Bytes. */
    memory: z.int().min(LEAST_MEMORY).optional(),
    cpus: z.number().min(0.01).optional(),
    /** Rotation of its log. Default: 5 files of 50 MB, if the Engine's log driver supports that; not compared. */
    log: log.optional(),
    extraHosts: z.record(z.string().min(1), z.union([z.ipv4(), z.ipv6()])).default({}),
    dns: z
      .array(z.union([z.ipv4(), z.ipv6()]))
      .readonly()
      .default([]),
    command: z.array(z.string()).readonly().optional(),
    /** Tasks whose change requires a new container: its configuration files. */
    restartOn: z.array(task).readonly().default([]),
  })
  .superRefine(({ mounts }, context) => {
    const targets = mounts.map(({ target }) => target);
    const twice = targets.find((target, i) => targets.indexOf(target) !== i);
    if (twice !== undefined)
      context.addIssue({ code: 'custom', path: ['mounts'], message: `${twice} is mounted twice` });
  });

export type ContainerParams = z.output<typeof containerParams>;

/** The declared part of a container, without the parts of the image and other tasks. */
export function specOf(p: ContainerParams): ContainerSpec {
  const { hostname, stopSignal, stopTimeoutSeconds, nofile, networkMode, memory, cpus, command } = p;
  return {
    ref: p.image.claim.slice('image:'.length),
    ...defined({ hostname }),
    env: p.env,
    labels: p.labels,
    ports: portsOf(p),
    mounts: Object.fromEntries(p.mounts.map(({ source, target, readOnly }) => [target, { source, readOnly }])),
    restart: p.restart,
    ...defined({ stopSignal, stopTimeoutSeconds, nofile }),
    ...(networkMode === undefined ? {} : { networkMode: networkMode === 'default' ? 'bridge' : networkMode }),
    ...defined({ memory, cpus }),
    ...(p.log === undefined ? {} : { log: p.log === 'off' ? p.log : logOptions(p.log) }),
    // Absent, not empty: the digest of a declaration without them must stay as in earlier releases.
    ...(Object.keys(p.extraHosts).length === 0 ? {} : { extraHosts: p.extraHosts }),
    ...(p.dns.length === 0 ? {} : { dns: p.dns }),
    ...defined({ command }),
  };
}

export interface LogRotation {
  readonly maxSize: string;
  readonly maxFile: number;
}

export const logOptions = ({ maxSize, maxFile }: LogRotation): LogOptions => ({
  'max-size': maxSize,
  'max-file': String(maxFile),
});

function portsOf({ ports }: ContainerParams): ContainerSpec['ports'] {
  const byPort = Map.groupBy(ports, ({ container, protocol }) => `${container}/${protocol}`);
  return Object.fromEntries(
    [...byPort].map(([key, list]) => [
      key,
      [...new Set(list.map(({ address, host }) => addressWithPort(address, host)))].sort(),
    ]),
  );
}
