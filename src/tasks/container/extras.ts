import { isDeepStrictEqual } from 'node:util';
import type { ContainerInspect, ImageInspect } from '../../core/host/docker.ts';
import { LOG_OPTIONS, observedSpec } from '../../docker/spec.ts';
import type { ContainerParams } from './params.ts';

/** A setting of `docker run` that tasks rarely or never declare: its flag, and the Engine's values without it. */
interface Setting {
  readonly field: string;
  readonly flag: string;
  /** Values without the flag; several where they depend on the daemon. */
  readonly usual?: readonly unknown[];
  /** Values that may contain secrets are not printed. */
  readonly bare?: true;
}

const SETTINGS: readonly Setting[] = [
  { field: 'Binds', flag: '-v' },
  { field: 'VolumesFrom', flag: '--volumes-from' },
  { field: 'Tmpfs', flag: '--tmpfs' },
  { field: 'Memory', flag: '--memory' },
  { field: 'MemoryReservation', flag: '--memory-reservation' },
  { field: 'NanoCpus', flag: '--cpus (in billionths)' },
  { field: 'CpuShares', flag: '--cpu-shares' },
  { field: 'CpuQuota', flag: '--cpu-quota' },
  { field: 'CpusetCpus', flag: '--cpuset-cpus' },
  { field: 'PidsLimit', flag: '--pids-limit' },
  { field: 'ShmSize', flag: '--shm-size', usual: [64 * 1024 * 1024] },
  { field: 'Privileged', flag: '--privileged', bare: true },
  { field: 'ReadonlyRootfs', flag: '--read-only', bare: true },
  { field: 'Init', flag: '--init', bare: true },
  { field: 'CapAdd', flag: '--cap-add' },
  { field: 'CapDrop', flag: '--cap-drop' },
  { field: 'SecurityOpt', flag: '--security-opt' },
  { field: 'Sysctls', flag: '--sysctl', bare: true },
  { field: 'Devices', flag: '--device', bare: true },
  { field: 'GroupAdd', flag: '--group-add' },
  { field: 'ExtraHosts', flag: '--add-host' },
  { field: 'Dns', flag: '--dns' },
  { field: 'DnsSearch', flag: '--dns-search' },
  { field: 'Links', flag: '--link' },
  { field: 'PidMode', flag: '--pid' },
  { field: 'UTSMode', flag: '--uts' },
  { field: 'UsernsMode', flag: '--userns' },
  { field: 'OomScoreAdj', flag: '--oom-score-adj' },
  { field: 'OomKillDisable', flag: '--oom-kill-disable', bare: true },
  { field: 'DnsOptions', flag: '--dns-option' },
  { field: 'IpcMode', flag: '--ipc', usual: ['private', 'shareable'] },
  { field: 'Runtime', flag: '--runtime', usual: ['runc', 'io.containerd.runc.v2'] },
  { field: 'CgroupParent', flag: '--cgroup-parent' },
  { field: 'CpuPeriod', flag: '--cpu-period' },
  { field: 'CpusetMems', flag: '--cpuset-mems' },
  { field: 'BlkioWeight', flag: '--blkio-weight' },
  { field: 'MemorySwappiness', flag: '--memory-swappiness', usual: [-1] },
  { field: 'KernelMemory', flag: '--kernel-memory' },
  { field: 'DeviceCgroupRules', flag: '--device-cgroup-rule', bare: true },
];

/** Settings of these that a task may declare: declared ones are compared like any other. */
const STATED: readonly { readonly field: string; readonly isStated: (p: ContainerParams) => boolean }[] = [
  { field: 'Memory', isStated: ({ memory }) => memory !== undefined },
  { field: 'NanoCpus', isStated: ({ cpus }) => cpus !== undefined },
  { field: 'ExtraHosts', isStated: ({ extraHosts }) => Object.keys(extraHosts).length > 0 },
  { field: 'Dns', isStated: ({ dns }) => dns.length > 0 },
];

/**
 * Settings of another tool's container that api7-orch does not declare, as flags of `docker run`: replacing the
 * container loses them. Variables and log options are listed by name only, because their values may be secrets.
 */
export function extrasOf(found: ContainerInspect, image: ImageInspect | null, p: ContainerParams): readonly string[] {
  const { Config, HostConfig } = found;
  const { env, networkMode } = observedSpec(found);
  const brought = new Set((image?.Config?.Env ?? []).map((entry) => entry.split('=')[0] ?? ''));
  const variables = Object.keys(env).filter((name) => !brought.has(name) && !(name in p.env));
  const user = Config.User ?? '';
  const log = HostConfig.LogConfig;
  const stated = new Set(STATED.filter(({ isStated }) => isStated(p)).map(({ field }) => field));
  const rotated: readonly string[] = typeof p.log === 'object' ? LOG_OPTIONS : [];
  return [
    ...variables.map((name) => `-e ${name}`),
    ...flagsOf(found, (field) => stated.has(field)),
    ...(log === undefined || log.Type === '' || log.Type === 'json-file' ? [] : [`--log-driver ${log.Type}`]),
    ...logOptions(found, rotated),
    ...otherUlimits(found),
    ...(p.networkMode === undefined && networkMode !== 'bridge' ? [`--network ${networkMode}`] : []),
    ...(user === '' || user === (image?.Config?.User ?? '') ? [] : [`--user ${user}`]),
  ];
}

/** Settings of `docker run` that no task can state, as flags. */
export const unstatableFlags = (found: ContainerInspect): readonly string[] => [
  ...flagsOf(found, (field) => STATED.some((one) => one.field === field)),
  ...logOptions(found, LOG_OPTIONS),
  ...otherUlimits(found),
  ...bindOptions(found),
];

const logOptions = ({ HostConfig }: ContainerInspect, stated: readonly string[]): readonly string[] =>
  Object.keys(HostConfig.LogConfig?.Config ?? {})
    .filter((name) => !stated.includes(name))
    .map((name) => `--log-opt ${name}`);

const otherUlimits = ({ HostConfig }: ContainerInspect): readonly string[] =>
  (HostConfig.Ulimits ?? []).filter(({ Name }) => Name !== 'nofile').map(({ Name }) => `--ulimit ${Name}`);

/** Options of a bind beyond read-only and writable: labels of SELinux, propagation, no copy. */
const bindOptions = ({ HostConfig }: ContainerInspect): readonly string[] =>
  (HostConfig.Binds ?? []).flatMap((bind) => {
    const [, target = '', options = ''] = bind.split(':');
    const others = options.split(',').filter((option) => !PLAIN_OPTIONS.includes(option));
    return others.length === 0 ? [] : [`--volume …:${target}:${others.join(',')}`];
  });

const PLAIN_OPTIONS: readonly string[] = ['', 'ro', 'rw', 'rprivate'];

function flagsOf({ HostConfig }: ContainerInspect, isStated: (field: string) => boolean): readonly string[] {
  const settings: Readonly<Record<string, unknown>> = HostConfig;
  const flags = SETTINGS.flatMap(({ field, flag, usual = [], bare }) =>
    isStated(field) || usual.some((value) => isDeepStrictEqual(settings[field], value))
      ? []
      : words(settings[field]).map((word) => (bare ? flag : `${flag} ${word}`)),
  );
  // Without the flag the Engine adds as much swap as memory, or none where its kernel cannot count it.
  const { MemorySwap: swap, Memory: memory = 0 } = settings;
  const isUsual = swap === undefined || swap === 0 || swap === -1 || swap === 2 * Number(memory);
  return isUsual ? flags : [...flags, `--memory-swap ${swap}`];
}

/** A value as words; none for the Engine's value of a setting that was not given. */
function words(value: unknown): readonly string[] {
  if (value === null || value === undefined || value === false || value === 0 || value === '') return [];
  if (Array.isArray(value)) return value.map((one) => (typeof one === 'string' ? one : JSON.stringify(one)));
  if (typeof value === 'object') return Object.keys(value);
  return [String(value)];
}
