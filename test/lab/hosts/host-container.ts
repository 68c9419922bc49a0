import type Docker from 'dockerode';
import { GenericContainer, Wait } from 'testcontainers';
import { LabError, tail } from '../lab-error.ts';
import type { BalancerKind, HostSpec } from '../plan/topology.ts';

export interface HostContainerOptions {
  readonly image: string;
  readonly container: string;
  readonly spec: HostSpec;
  readonly network: string;
  readonly address: string;
  /** Ports on 127.0.0.1, by the names in the specification. */
  readonly ports: Readonly<Record<string, number>>;
  readonly volume: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly capabilities: readonly string[];
  /** Files copied into it before it starts, by their paths; all are secret until boot changes that. */
  readonly files: Readonly<Record<string, string>>;
  /** The software of a load balancer host. */
  readonly balancer: BalancerKind;
}

// Three labs may start at once on two cores.
const readyWithinMs = 300_000;

/** A machine as a container. Settings without a method of testcontainers are set on its request to the engine. */
class HostContainer extends GenericContainer {
  constructor(options: HostContainerOptions) {
    super(options.image);
    this.withPullPolicy({ shouldPull: () => 'never' })
      // A lab outlives the process that starts it; it is found again by its labels.
      .withAutoCleanup(false)
      .withName(options.container)
      .withHostname(options.spec.name)
      .withLabels({ ...options.labels })
      .withEnvironment({ LAB_ROLE: options.spec.role, LAB_BALANCER: options.balancer })
      .withNetworkMode(options.network)
      .withBindMounts([{ source: options.volume, target: '/var/lib/docker' }])
      .withAddedCapabilities(...options.capabilities)
      .withSecurityOpt('seccomp=unconfined', 'apparmor=unconfined')
      .withCopyContentToContainer(
        Object.entries(options.files).map(([target, content]) => ({ target, content, mode: 0o600 })),
      )
      .withWaitStrategy(Wait.forLogMessage('boot: lab host ready'))
      .withStartupTimeout(readyWithinMs);
    this.createOpts.ExposedPorts = {};
    this.hostConfig.PortBindings = {};
    for (const [name, inside] of Object.entries(options.spec.ports)) {
      this.createOpts.ExposedPorts[`${inside}/tcp`] = {};
      this.hostConfig.PortBindings[`${inside}/tcp`] = [{ HostIp: '127.0.0.1', HostPort: String(options.ports[name]) }];
    }
    this.createOpts.NetworkingConfig = {
      EndpointsConfig: {
        [options.network]: { IPAMConfig: { IPv4Address: options.address }, Aliases: [options.spec.name] },
      },
    };
    // Together the parts of --privileged that nested engines need, without the part that a kernel may refuse.
    Object.assign(this.hostConfig, { MaskedPaths: [], ReadonlyPaths: [], DeviceCgroupRules: ['a *:* rwm'] });
  }
}

/** Creates and starts a host and waits until its sshd, its engine and its services respond. */
export async function startHostContainer(docker: Docker, options: HostContainerOptions): Promise<void> {
  // Kept as it comes: a host that does not start is removed with its log right away.
  let heard = '';
  const host = new HostContainer(options).withLogConsumer((log) => log.on('data', (chunk) => (heard += chunk)));
  try {
    await host.start();
  } catch (cause) {
    const printed = heard || (await containerLog(docker, options.container));
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new LabError(`${options.spec.name} does not start: ${reason}`, { log: tail(printed), cause });
  }
}

/** The output of a container, empty when it does not exist. */
export async function containerLog(docker: Docker, container: string, lines = 200): Promise<string> {
  const raw = await docker
    .getContainer(container)
    .logs({ stdout: true, stderr: true, tail: lines })
    .catch(() => Buffer.alloc(0));
  return unframe(raw);
}

/** Joins the payloads of the engine's multiplexed log format: 8 bytes of header, the last 4 the length. */
function unframe(raw: Buffer): string {
  const parts: Buffer[] = [];
  for (let at = 0; at + 8 <= raw.length; ) {
    const end = at + 8 + raw.readUInt32BE(at + 4);
    parts.push(raw.subarray(at + 8, end));
    at = end;
  }
  return Buffer.concat(parts).toString();
}
