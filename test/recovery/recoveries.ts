import { CONTAINERS } from '../../src/api7/paths.ts';
import type { ErrorCode } from '../../src/core/errors/error-codes.ts';
import { LEASES, leasePath } from '../../src/lb/lease.ts';
import { INPUTS, type InputCode } from './inputs.ts';
import type { Operation, PlaybookName, SmallCluster } from './small-cluster.ts';

/** An operation fails with the code on a host, at its first and at a later time, until it is repaired. */
interface Struck {
  readonly fails: readonly Operation[];
  /** The code under which the run reports it, if that is another one. */
  readonly as?: ErrorCode;
  /** Default: one host of each role with the operation. */
  readonly on?: readonly string[];
}

/** A state that causes the code by itself. */
interface Caused {
  cause(cluster: SmallCluster): void | Promise<void>;
  /** The action of the hint. Default: the cause is removed, as `SmallCluster.repair` does it. */
  fix?(cluster: SmallCluster): void | Promise<void>;
  readonly as?: ErrorCode;
  /** It takes two balancers. */
  readonly ofTwo?: true;
  readonly playbook?: PlaybookName;
  /** Variables of the first run only: the fault is in them. */
  readonly vars?: Readonly<Record<string, unknown>>;
}

/** The connection is refused with the code: before any change, or in the middle of one. */
interface Refused {
  readonly connect: 'before' | 'before and during';
}

/** No run begins: the input is refused, and accepted once it is corrected. */
interface Corrected {
  readonly input: { bad(): unknown; good(): unknown };
}

/** Codes that are impossible on fake hosts are shown by another test, which names the code. */
interface Elsewhere {
  readonly test: string;
}

export type Recovery = Struck | Caused | Refused | Corrected | Elsewhere;

const FILES: readonly Operation[] = ['writeFile'];
const DOCKER: readonly Operation[] = ['container', 'create', 'stop'];
const SHOW: readonly Operation[] = ['haproxyShow'];
const ORDERS: readonly Operation[] = ['haproxyCommand'];
const BEFORE: Refused = { connect: 'before' };
const BEFORE_AND_DURING: Refused = { connect: 'before and during' };

/** Foreign programs that hold a port on a node without its own container. */
async function takePort(cluster: SmallCluster): Promise<void> {
  const engine = cluster.engine('gw-2');
  await engine.stop(CONTAINERS.gateway, { signal: 'SIGQUIT', timeoutSeconds: 1 });
  engine.loadArchive({ classic: 'sha256:nginx', containerd: 'sha256:nginx' }, 'nginx:1');
  await engine.create('old-nginx', {
    Image: 'nginx:1',
    HostConfig: { RestartPolicy: { Name: 'no' }, PortBindings: { '80/tcp': [{ HostIp: '', HostPort: '9080' }] } },
  });
  await engine.start('old-nginx');
}

/** A container of the operator with the name of the gateway's, in the place of that one. It does not run. */
async function takeName(cluster: SmallCluster): Promise<void> {
  const engine = cluster.engine('gw-2');
  await engine.stop(CONTAINERS.gateway, { signal: 'SIGQUIT', timeoutSeconds: 1 });
  await engine.remove(CONTAINERS.gateway);
  engine.loadArchive({ classic: 'sha256:nginx', containerd: 'sha256:nginx' }, 'nginx:1');
  await engine.create(CONTAINERS.gateway, { Image: 'nginx:1', HostConfig: { RestartPolicy: { Name: 'no' } } });
}

/** The operator's commands at the sockets of both balancers. */
const byHand = (cluster: SmallCluster, server: string, state: 'drain' | 'maint' | 'ready'): void => {
  for (const lb of cluster.balancers.values()) lb.command(`set server ${server} state ${state}`);
};

const input = (code: InputCode): Corrected => ({ input: INPUTS[code] });

/** A recovery from every error code. The compiler refuses a code without one. */
export const RECOVERIES: Readonly<Record<ErrorCode, Recovery>> = {
  CLAIM_OVERLAP: input('CLAIM_OVERLAP'),
  DELEGATED_IMPACT: input('DELEGATED_IMPACT'),
  DEPENDS_ON_ABSENT: input('DEPENDS_ON_ABSENT'),
  DID_NOT_CONVERGE: { test: 'test/engine/apply/apply-host.test.ts' },
  DURATION_INVALID: input('DURATION_INVALID'),
  DURATION_TOO_LONG: input('DURATION_TOO_LONG'),
  EXTRA_VARS: input('EXTRA_VARS'),
  FENCED: { test: 'test/lock/run-locks.test.ts' },
  GATE_UNMET: { fails: ['httpGet'] },
  HOST_LOCKED: { test: 'test/lock/run-locks.test.ts' },
  HOST_UNKNOWN: input('HOST_UNKNOWN'),
  INTERNAL: { fails: ['container', 'create', 'haproxyShow'] },
  INTERRUPTED: { cause: (c) => c.interruptAfter(20) },
  INVENTORY_INVALID: {
    cause: (c) => c.edit('data_plane:', 'data_plan:'),
    fix: (c) => c.edit('data_plan:', 'data_plane:'),
  },
  INVENTORY_UNREADABLE: input('INVENTORY_UNREADABLE'),
  LOCAL_FILE_MISSING: input('LOCAL_FILE_MISSING'),
  LOCAL_FILE_UNREADABLE: input('LOCAL_FILE_UNREADABLE'),
  NOT_KNOWN: { fails: ['create'] },
  NOT_SETTLED: { fails: ['container'] },
  NO_HOSTS_MATCHED: input('NO_HOSTS_MATCHED'),
  NO_POOLS: input('NO_POOLS'),
  NO_TERMINAL: BEFORE,
  OUTCOME_UNKNOWN: { fails: ['create', 'stop'] },
  PATTERN_INVALID: input('PATTERN_INVALID'),
  PLAYBOOK_INVALID: input('PLAYBOOK_INVALID'),
  PLAYBOOK_NOT_FOUND: input('PLAYBOOK_NOT_FOUND'),
  RESUME_AMBIGUOUS: { test: 'test/runs/find-run.test.ts' },
  RESUME_DRIFT: { test: 'test/recovery/resume.test.ts' },
  RUN_FINISHED: { test: 'test/runs/find-run.test.ts' },
  RUN_NOT_FOUND: { test: 'test/runs/find-run.test.ts' },
  RUN_RECORD_FOREIGN: { test: 'test/runs/find-run.test.ts' },
  RUN_RECORD_INVALID: { test: 'test/recovery/resume.test.ts' },
  RUN_RECORD_NEWER: { test: 'test/recovery/resume.test.ts' },
  TASK_NOT_YIELDED: input('TASK_NOT_YIELDED'),
  TASK_TYPE: input('TASK_TYPE'),
  TASK_PARAMS: input('TASK_PARAMS'),
  USAGE: input('USAGE'),

  ADOPTION_DIFFERS: { test: 'test/recovery/adopt.test.ts' },
  ADOPTION_INVALID: { test: 'test/recovery/adopt.test.ts' },
  ADOPTION_POLICY: { test: 'test/adopt/take-over.test.ts' },
  ADOPTION_REFUSED: { test: 'test/recovery/adopt.test.ts' },
  ADOPTION_UNDER_WAY: { test: 'test/recovery/adopt.test.ts' },
  CHANNEL_REFUSED: { fails: ['stat', 'writeFile'] },
  CONNECTION_LOST: BEFORE_AND_DURING,
  CONNECT_AUTH_FAILED: BEFORE_AND_DURING,
  CONNECT_CONFIG_INVALID: BEFORE,
  CONNECT_CONFIG_UNREADABLE: BEFORE,
  CONNECT_CONFIG_UNSUPPORTED: BEFORE,
  CONNECT_DROPPED: BEFORE_AND_DURING,
  CONNECT_HOST_KEY_CHANGED: BEFORE_AND_DURING,
  CONNECT_HOST_KEY_REVOKED: BEFORE,
  CONNECT_HOST_KEY_UNKNOWN: BEFORE,
  CONNECT_JUMP_INVALID: BEFORE,
  CONNECT_JUMP_LOOP: BEFORE,
  CONNECT_JUMP_REFUSED: BEFORE_AND_DURING,
  CONNECT_KEY_ENCRYPTED: BEFORE,
  CONNECT_KEY_INVALID: BEFORE,
  CONNECT_KEY_MISSING: BEFORE,
  CONNECT_KNOWN_HOSTS_UNREADABLE: BEFORE,
  CONNECT_KNOWN_HOSTS_UNWRITABLE: BEFORE,
  CONNECT_NOT_SSH: BEFORE,
  CONNECT_NO_COMMON_ALGORITHM: BEFORE,
  CONNECT_NO_KEY: BEFORE,
  CONNECT_PASSWORD_EXPIRED: BEFORE,
  CONNECT_REFUSED: BEFORE_AND_DURING,
  CONNECT_SHELL_REFUSED: BEFORE,
  CONNECT_SUDO_DENIED: BEFORE_AND_DURING,
  CONNECT_SUDO_MISSING: BEFORE,
  CONNECT_SUDO_PASSWORD_WRONG: BEFORE,
  CONNECT_SUDO_PASSWORD: BEFORE,
  CONNECT_THROTTLED: BEFORE_AND_DURING,
  CONNECT_TIMED_OUT: BEFORE_AND_DURING,
  CONNECT_UNREACHABLE: BEFORE_AND_DURING,
  CONNECT_USER_UNKNOWN: BEFORE,
  FACTS_UNREADABLE: { fails: ['facts'] },
  FORWARDING_REFUSED: { fails: ['httpGet'] },

  ADDRESS_MISSING: { fails: ['network'] },
  CERTIFICATE_EXPIRED: { test: 'test/cli/check/check.test.ts' },
  CERTIFICATE_MISMATCH: { test: 'test/api7/checks/certificates.test.ts' },
  CLOCK_SKEWED: { test: 'test/cli/check/check.test.ts' },
  COMMAND_FAILED: { fails: ['test'], on: ['gw-2'] },
  COMMAND_INVALID: input('COMMAND_INVALID'),
  CONFIG_INVALID: {
    // A validated inventory never has one.
    as: 'INVENTORY_INVALID',
    cause: (c) =>
      c.edit('  gateway:', '  config: { gateway: { nginx_config: { worker_shutdown_timeout: soon } } }\n  gateway:'),
    fix: (c) => c.edit(/ {2}config: .*\n/, ''),
  },
  CONFIG_REFUSED: {
    cause(c) {
      c.edit('  gateway:', '  config: { gateway: { apisix: { refused: true } } }\n  gateway:');
    },
    fix: (c) => c.edit(/ {2}config: .*\n/, ''),
  },
  CONNECTIONS_UNREADABLE: { fails: ['test'], on: ['gw-2'] },
  CONTAINER_EXITED: {
    cause: (c) => c.edit('!env DB_PASSWORD', '!env WRONG_PASSWORD'),
    fix: (c) => c.edit('!env WRONG_PASSWORD', '!env DB_PASSWORD'),
  },
  CONTAINER_KILLED: { fails: ['start'], on: ['gw-2'] },
  CONTAINER_PAUSED: {
    cause: (c) => c.engine('gw-2').pause(CONTAINERS.gateway),
    fix: (c) => c.engine('gw-2').unpause(CONTAINERS.gateway),
  },
  CONTAINER_MISSING: {
    playbook: 'start',
    async cause(c) {
      await c.engine('gw-2').stop(CONTAINERS.gateway, { signal: 'SIGQUIT', timeoutSeconds: 1 });
      await c.engine('gw-2').remove(CONTAINERS.gateway);
    },
    fix: async (c) => void (await c.run('install')),
  },
  DATABASE_CERTIFICATE: { test: 'test/wire/services/postgres.test.ts' },
  DATABASE_CONNECTIONS: { test: 'test/cli/check/check.test.ts' },
  DATABASE_MISSING: { test: 'test/wire/services/postgres.test.ts' },
  DATABASE_NOT_SHOWN: { test: 'test/cli/check/check.test.ts' },
  DATABASE_REFUSED: { test: 'test/wire/services/postgres.test.ts' },
  DATABASE_STANDBY: { test: 'test/cli/check/check.test.ts' },
  DATABASE_TOO_OLD: { test: 'test/cli/check/check.test.ts' },
  DATABASE_UNREACHABLE: { test: 'test/transport/sockets/postgres.test.ts' },
  DISK_FULL: { fails: ['writeFile', 'pull'] },
  DOCKER_DENIED: { fails: DOCKER },
  DOCKER_FAILED: { fails: ['create', 'start', 'stop', 'remove', 'rename', 'pull'] },
  DOCKER_IS_PODMAN: { test: 'test/cli/check/check.test.ts' },
  DOCKER_NOT_FOUND: { fails: ['container'] },
  DOCKER_REMAPS_USERS: { test: 'test/cli/check/check.test.ts' },
  DOCKER_TOO_OLD: { test: 'test/cli/check/check.test.ts' },
  DOCKER_UNREACHABLE: { fails: [...DOCKER, 'start'] },
  FILE_TOO_LARGE: { fails: ['read'] },
  FLOCK_MISSING: { test: 'test/wire/hosts/host-lock.test.ts' },
  HOST_ARCHITECTURE: { fails: ['facts'] },
  HTTP_UNREACHABLE: { fails: ['httpGet'], as: 'NOT_READY', on: ['cp-2'] },
  IMAGE_ARCHITECTURE: { fails: ['pull'] },
  IMAGE_LOAD_FAILED: { fails: ['pull'] },
  IMAGE_MISSING: { fails: ['create'] },
  IMAGE_PULL_FAILED: {
    cause: (c) => c.edit(/registry.internal/, 'registry.elsewhere'),
    fix: (c) => c.edit(/registry.elsewhere/, 'registry.internal'),
  },
  IS_A_DIRECTORY: { fails: FILES },
  KERNEL_TOO_OLD: { test: 'test/cli/check/check.test.ts' },
  LOG_DRIVER: { test: 'test/tasks/container.test.ts' },
  MEMORY_LOW: { test: 'test/cli/check/check.test.ts' },
  MODE_INVALID: { fails: FILES },
  MOUNT_MISSING: { fails: ['create'] },
  NOFILE_TOO_LOW: { fails: ['facts'] },
  NOT_A_DIRECTORY: { fails: ['stat'] },
  NOT_A_FILE: { fails: ['stat'] },
  NOT_READY: { cause: (c) => void c.sick.add('gw-2') },
  NOT_STEADY: { test: 'test/tasks/steady-container.test.ts' },
  OWNER_UNKNOWN: { fails: FILES },
  PACKAGE_DAMAGED: { test: 'test/tasks/package.test.ts' },
  PACKAGE_LACKS: { test: 'test/tasks/image.test.ts' },
  PACKAGE_UNPACK_FAILED: input('PACKAGE_UNPACK_FAILED'),
  PATH_MISSING: { fails: FILES },
  PATH_REFUSED: { fails: FILES },
  PATH_TAKEN: { fails: FILES },
  PERMISSION_DENIED: { fails: ['writeFile', 'read'] },
  PROMETHEUS_UNUSABLE: {
    cause: (c) => c.edit(/^ {2}gateway:/m, '  prometheus: { addr: "http://10.0.3.2:9090" }\n  gateway:'),
    fix: (c) => c.edit('10.0.3.2', '10.0.3.3'),
  },
  NAME_TAKEN: {
    cause: takeName,
    async fix(c) {
      // The cluster is shared with other cases.
      await c.engine('gw-2').rename(CONTAINERS.gateway, `earlier-${c.time.now()}`);
    },
  },
  PORT_TAKEN: {
    cause: takePort,
    async fix(c) {
      await c.engine('gw-2').stop('old-nginx', { signal: 'SIGTERM', timeoutSeconds: 1 });
    },
  },
  REGISTRY_DENIED: { fails: ['pull'] },
  REPLY_TOO_LARGE: { fails: ['stat', 'container', 'create'] },
  READ_FAILED: { fails: ['stat', 'sha256'] },
  TIMED_OUT: { fails: ['stat', 'create', 'stop', 'writeFile'] },
  UPLOAD_CORRUPT: { fails: FILES },
  WRITE_CONFLICT: { fails: FILES },

  ALREADY_RESTORED: input('ALREADY_RESTORED'),
  BUDGET_EXHAUSTED: {
    cause: (c) => byHand(c, 'gateways/gw-2', 'drain'),
    fix: (c) => byHand(c, 'gateways/gw-2', 'ready'),
  },
  BUDGET_ZERO: { cause: () => undefined, vars: { max_unavailable: '10%' } },
  CONTROL_PLANE_UNREACHABLE: {
    cause: (c) => c.edit(/:17900"/g, ':17901"'),
    fix: (c) => c.edit(/:17901"/g, ':17900"'),
  },
  DRAIN_LOST: { fails: ['stop'], on: ['gw-2'] },
  DRAIN_ON_HOLD: {
    cause(c) {
      c.edit('drain: { within: 20s }', 'drain: { within: 20s, on_timeout: hold }');
      c.stuck.add('gw-2');
    },
    fix(c) {
      c.edit(', on_timeout: hold', '');
      c.repair();
    },
  },
  DRAIN_TIMEOUT: { cause: (c) => void c.stuck.add('gw-2') },
  HAPROXY_COMMAND: { fails: ORDERS },
  HAPROXY_DENIED: { fails: [...SHOW, ...ORDERS] },
  HAPROXY_REPLY: { fails: [...SHOW, ...ORDERS], as: 'LB_UNREACHABLE' },
  HAPROXY_UNREACHABLE: { fails: [...SHOW, ...ORDERS], as: 'LB_UNREACHABLE' },
  LB_BUSY: { fails: ORDERS },
  LB_CANNOT_CLOSE: { fails: ORDERS },
  LB_COMMAND_FAILED: { fails: [...SHOW, ...ORDERS] },
  LB_COMMAND_MISSING: { test: 'test/lb/commands-missing.test.ts' },
  LB_CONFIG_REFUSED: { fails: ORDERS },
  LB_INVALID_REPLY: { fails: SHOW },
  LB_MEMBER_NOT_UP: { cause: (c) => void c.unseen.add('gw-2') },
  LB_MEMBER_UNKNOWN: {
    cause: (c) => c.edit('gw-2: { address: 10.0.2.2 }', 'gw-2: { address: 10.0.2.20 }'),
    fix: (c) => c.edit('gw-2: { address: 10.0.2.20 }', 'gw-2: { address: 10.0.2.2 }'),
  },
  LB_NOT_INCLUDED: { fails: SHOW },
  LB_REFUSED: { fails: ORDERS },
  LB_RELOAD_FAILED: { fails: ORDERS },
  LB_STILL_SERVES: { fails: SHOW },
  LB_UNREACHABLE: { fails: [...SHOW, ...ORDERS] },
  LB_WRITE_FAILED: { fails: ORDERS },
  LEASE_INVALID: {
    cause(c) {
      const { files } = c.host('lb-1');
      files.makeDirectory(LEASES, { mode: '0700', owner: 'root', group: 'root' });
      files.write(leasePath('gateways', 'gw-2'), Buffer.from('{'), { mode: '0600', owner: 'root', group: 'root' });
    },
    fix: (c) => void c.host('lb-1').files.delete(leasePath('gateways', 'gw-2')),
  },
  NODE_HELD: { cause: (c) => byHand(c, 'gateways/gw-2', 'drain'), fix: (c) => byHand(c, 'gateways/gw-2', 'ready') },
  NODE_TAKEN: { fails: ['swapFile'] },
  NOT_DRAINED: { test: 'test/engine/roll/roll.test.ts' },
  NOT_RECONNECTED: { cause: (c) => void c.cutOff.add('gw-2') },
  NOT_RESTORED: { fails: ORDERS },
  NO_WAY_BACK: { test: 'test/recovery/way-back.test.ts' },
  NO_OTHER_MEMBER_UP: {
    ofTwo: true,
    // After the first host has begun to be drained.
    cause(c) {
      c.onOperation = (_, operation) => {
        if (operation === 'haproxyCommand') byHand(c, 'dp_managers/cp-2', 'maint');
      };
    },
    fix(c) {
      c.repair();
      byHand(c, 'dp_managers/cp-2', 'ready');
    },
  },
  OUTAGE_NOT_CONFIRMED: { cause: () => undefined, vars: { batch: '100%', max_unavailable: '100%' } },
  SOAK_FAILED: { cause: (c) => void c.erring.add('gw-2') },
  SOAK_INCONCLUSIVE: { test: 'test/engine/roll/soak.test.ts' },
  TIMEOUTS_INCONSISTENT: {
    cause: (c) => c.edit('within: 20s', 'within: 2s'),
    fix: (c) => c.edit('within: 2s', 'within: 20s'),
  },
};
