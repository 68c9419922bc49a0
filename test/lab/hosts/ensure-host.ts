import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type Docker from 'dockerode';
import { authority, builtInCertificate } from '../config/certificates.ts';
import { haproxyConfig } from '../config/haproxy-config.ts';
import { nginxFiles } from '../config/nginx-config.ts';
import { labSecrets, tokenDigest } from '../config/secrets.ts';
import { LabError, tail } from '../lab-error.ts';
import { type LabFile, labHost } from '../plan/lab-file.ts';
import { label } from '../plan/labels.ts';
import type { HostName, HostSpec } from '../plan/topology.ts';
import { grantedCapabilities } from './capabilities.ts';
import { missing } from './engine.ts';
import { containerLog, startHostContainer } from './host-container.ts';
import { hostExec } from './host-exec.ts';
import { hostKey, loginKey } from './ssh-files.ts';

// Three labs may start at once on two cores.
const readyWithinMs = 300_000;

export interface HostWish {
  readonly directory: string;
  readonly lab: LabFile;
  readonly spec: HostSpec;
  readonly image: string;
  readonly labels: Readonly<Record<string, string>>;
}

/**
 * Starts one host: creates it when it is missing or its recipe has changed, starts it when it is stopped or paused, and waits
 * until all its services respond. Returns what was done.
 */
export async function ensureHost(docker: Docker, wish: HostWish): Promise<'kept' | 'started' | 'created'> {
  const { lab, spec, image, directory } = wish;
  const { name } = spec;
  const { container, address, ports } = labHost(lab, name);
  const files = await hostFiles(directory, lab, spec);
  const recipe = createHash('sha256')
    .update(JSON.stringify([image, address, ports, files]))
    .digest('hex')
    .slice(0, 12);
  const found = await docker.getContainer(container).inspect().catch(missing);
  if (found !== false && found.Config.Labels[label.recipe] === recipe) {
    const running = found.State.Running && !found.State.Paused;
    if (found.State.Paused) await docker.getContainer(container).unpause();
    else if (!found.State.Running) await start(docker, container, name);
    await untilReady(docker, container, name);
    return running ? 'kept' : 'started';
  }
  const volume = `${container}-docker`;
  const labels = { ...wish.labels, [label.host]: name, [label.recipe]: recipe };
  if (found !== false) await docker.getContainer(container).remove({ force: true, v: true });
  await docker.getVolume(volume).remove({ force: true }).catch(missing);
  await docker.createVolume({ Name: volume, Labels: labels });
  const capabilities = await grantedCapabilities();
  const options = {
    image,
    container,
    spec,
    network: lab.network,
    address,
    ports,
    volume,
    labels,
    capabilities,
    files,
    balancer: lab.balancer,
  };
  try {
    await startHostContainer(docker, options);
  } catch (error) {
    // A machine that is busy writing (packages just installed) can be too slow once; twice is a fault.
    console.error(`lab: ${name} did not start and is retried`, error);
    await docker.getContainer(container).remove({ force: true }).catch(missing);
    await startHostContainer(docker, options);
  }
  return 'created';
}

async function hostFiles(directory: string, lab: LabFile, { name, role }: HostSpec): Promise<Record<string, string>> {
  const files: Record<string, string> = {
    '/etc/ssh/ssh_host_ed25519_key': (await hostKey(directory, name)).private,
    '/home/ops/.ssh/authorized_keys': `${(await loginKey(directory)).public}\n`,
  };
  if (role === 'load_balancer') {
    Object.assign(
      files,
      lab.balancer === 'nginx' ? nginxFiles(lab) : { '/etc/haproxy/haproxy.cfg': haproxyConfig(lab) },
    );
  }
  if (role === 'database') {
    const { dbPassword, gatewayToken, edgeToken } = await labSecrets(directory);
    const dpManager = await builtInCertificate(directory);
    files['/etc/lab/db-password'] = dbPassword;
    files['/etc/lab/gateway-token-sha256'] = tokenDigest(gatewayToken);
    files['/etc/lab/edge-token-sha256'] = tokenDigest(edgeToken);
    files['/etc/lab/ca.pem'] = (await authority(directory, 'ca')).cert;
    files['/etc/lab/dp-manager.pem'] = dpManager.cert;
    files['/etc/lab/dp-manager.key'] = dpManager.key;
    files['/etc/lab/upstream'] = `http://${labHost(lab, name).address}:1980`;
    files['/etc/lab/stream-upstream'] = `${labHost(lab, name).address}:1981`;
  }
  return files;
}

async function start(docker: Docker, container: string, name: HostName): Promise<void> {
  await docker
    .getContainer(container)
    .start()
    .catch((cause) => {
      const taken = /port is already allocated|address already in use/.test(String(cause));
      const remedy = taken ? ': one of its ports was taken meanwhile; run `npm run lab -- down`, then `up`' : '';
      throw new LabError(`${name} does not start${remedy} (${cause.message})`, { cause });
    });
}

/** Waits for the last file that boot writes. */
export async function untilReady(docker: Docker, container: string, name: HostName): Promise<void> {
  const deadline = Date.now() + readyWithinMs;
  for (;;) {
    const { code } = await hostExec(docker, container, 'test -e /run/lab/ready').catch(() => ({ code: -1 }));
    if (code === 0) return;
    if (Date.now() > deadline) {
      const log = tail(await containerLog(docker, container));
      throw new LabError(`${name} is not up within ${readyWithinMs / 1000} s`, { log });
    }
    await sleep(200);
  }
}
