import { dump } from 'js-yaml';
import { dashboardConfig, dpManagerConfig } from '../../src/api7/config.ts';
import { gatewayEnv } from '../../src/api7/gateway-env.ts';
import { gatewayUid } from '../../src/api7/gateway-uid.ts';
import { dashboardImage, dpManagerImage, gatewayImage } from '../../src/api7/images.ts';
import { IN_IMAGE } from '../../src/api7/paths.ts';
import { reveal, type Secret } from '../../src/core/base/secret.ts';
import type { ContainerCreate } from '../../src/core/host/docker.ts';
import { gatewayGroupOf } from '../../src/inventory/gateway-group.ts';
import { toPlainYaml, type YamlValue } from '../../src/tasks/yaml-file/yaml-value.ts';
import { SmallCluster } from '../recovery/small-cluster.ts';

/** Names that Docker draws. */
export const DRAWN = { dashboard: 'eager_tesla', dpManager: 'bold_curie', gateway: 'happy_noether' } as const;

const ROOT = { owner: 'root', group: 'root', mode: '0644' } as const;

const plain = (config: unknown): string => dump(toPlainYaml(config as YamlValue, (secret: Secret) => reveal(secret)));

export interface ByHand {
  /** Restart policy; the vendor's lines have none. */
  readonly policy?: string;
  /** What a container is created from, changed. */
  readonly edit?: (body: ContainerCreate, host: string) => ContainerCreate;
  /** Id of a gateway's instance; default: what api7-orch gives that host. */
  readonly uid?: (host: string) => string;
}

/** A cluster whose containers an operator started with the vendor's commands: no name, no restart policy, no stop signal. */
export async function startedByHand({ policy = 'no', edit = (body) => body, uid }: ByHand = {}): Promise<SmallCluster> {
  const cluster = new SmallCluster(2);
  cluster.edit('  registry:', '  bind: { dashboard: [0.0.0.0], dp_manager: [0.0.0.0] }\n  registry:');
  const inventory = await cluster.inventory();
  const { api7 } = inventory;
  const run = async (
    host: string,
    name: string,
    ref: string,
    config: string,
    target: string,
    more: Partial<ContainerCreate>,
    ports: readonly (readonly [number, string])[],
  ) => {
    const [engine, source] = [cluster.engine(host), `/root/${name}.yaml`];
    cluster.host(host).files.makeDirectory('/root', { ...ROOT, mode: '0700' });
    cluster.host(host).files.write(source, Buffer.from(config), ROOT);
    await engine.pull(ref);
    const body: ContainerCreate = {
      Image: ref,
      ...more,
      HostConfig: {
        RestartPolicy: { Name: policy },
        PortBindings: Object.fromEntries(
          ports.map(([port, address]) => [`${port}/tcp`, [{ HostIp: address, HostPort: String(port) }]]),
        ),
        Mounts: [{ Type: 'bind', Source: source, Target: target, ReadOnly: false }],
      },
    };
    const edited = edit(body, host);
    await engine.pull(edited.Image);
    await engine.create(name, edited);
    await engine.start(name);
  };
  for (const host of ['cp-1', 'cp-2']) {
    await run(host, DRAWN.dashboard, dashboardImage(api7), plain(dashboardConfig(api7)), IN_IMAGE.dashboardConfig, {}, [
      [17_080, ''],
    ]);
    await run(host, DRAWN.dpManager, dpManagerImage(api7), plain(dpManagerConfig(api7)), IN_IMAGE.dpManagerConfig, {}, [
      [17_900, ''],
    ]);
  }
  for (const host of ['gw-1', 'gw-2']) {
    const env = Object.entries(gatewayEnv(gatewayGroupOf(inventory, host), { name: host }));
    await run(
      host,
      DRAWN.gateway,
      gatewayImage(api7),
      'apisix:\n  status: { ip: 0.0.0.0, port: 7085 }\n',
      IN_IMAGE.gatewayConfig,
      { Env: env.map(([name, value]) => `${name}=${reveal(value)}`) },
      [
        [9080, ''],
        [9443, ''],
      ],
    );
    cluster
      .engine(host)
      .writeInside(DRAWN.gateway, IN_IMAGE.gatewayUid, uid?.(host) ?? gatewayUid(inventory.cluster, host));
  }
  // The control plane first: without it a gateway loads nothing.
  for (let i = 0; i < 2; i++) {
    cluster.health();
    await cluster.settle();
  }
  return cluster;
}
