import {
  CONTAINERS,
  configAccepted,
  container,
  dashboardConfig,
  dashboardImage,
  definePlaybook,
  directory,
  dpManagerConfig,
  dpManagerImage,
  file,
  GATEWAY_ID,
  gatewayConfig,
  gatewayEnv,
  gatewayImage,
  gatewayStopSeconds,
  gatewayUid,
  httpReady,
  IN_IMAGE,
  image,
  PATHS,
  PORTS,
  package_,
  play,
  preflight,
  published,
  rollingOf,
  rollingVars,
  upInBalancers,
  yamlFile,
} from 'api7-orch';

export default definePlaybook({
  name: 'install',
  description: 'Install the control plane, then the gateways, behind their load balancers.',
  vars: rollingVars,
  *plays({ inventory, vars }) {
    const { api7, cluster } = inventory;
    const ulimits = { nofile: api7.nofile };

    yield* play({
      name: 'Preflight',
      hosts: 'control_plane,data_plane',
      *tasks(host) {
        yield* preflight(inventory, host);
      },
    });

    yield* play({
      name: 'Control plane',
      hosts: 'control_plane',
      batch: [1, '100%'], // the first dashboard migrates the empty database, alone
      *tasks(host) {
        yield directory({ path: PATHS.home, mode: '0750' });

        // Copy the control plane package to the host.
        const pkg = api7.package && package_({ from: api7.package.controlPlane, into: PATHS.controlPlanePackage });
        if (pkg) yield pkg;
        const dashboard = image({ ref: dashboardImage(api7), ...(pkg && { from: pkg }) });
        yield dashboard;
        const dpManager = image({ ref: dpManagerImage(api7), ...(pkg && { from: pkg }) });
        yield dpManager;

        // Configure and start API7 Dashboard.
        const dashboardYaml = yamlFile({ path: PATHS.dashboardConfig, content: dashboardConfig(api7), mode: '0640' });
        yield dashboardYaml;
        yield container({
          name: CONTAINERS.dashboard,
          image: dashboard,
          ports: published(api7, host, 'dashboard'),
          mounts: [{ source: PATHS.dashboardConfig, target: IN_IMAGE.dashboardConfig }],
          restartOn: [dashboardYaml],
          stopSignal: 'SIGTERM',
          stopTimeoutSeconds: 30,
          ...ulimits,
        });
        yield httpReady({ port: PORTS.dashboard, path: '/healthz', within: '8m', container: CONTAINERS.dashboard });

        // Configure and start DP Manager.
        const dpManagerYaml = yamlFile({ path: PATHS.dpManagerConfig, content: dpManagerConfig(api7), mode: '0640' });
        yield dpManagerYaml;
        yield container({
          name: CONTAINERS.dpManager,
          image: dpManager,
          ports: published(api7, host, 'dpManager'),
          mounts: [{ source: PATHS.dpManagerConfig, target: IN_IMAGE.dpManagerConfig }],
          restartOn: [dpManagerYaml],
          stopSignal: 'SIGTERM',
          stopTimeoutSeconds: 30,
          ...ulimits,
        });
        yield httpReady({ port: PORTS.dpManager, path: '/healthz', within: '90s', container: CONTAINERS.dpManager });

        yield* upInBalancers(inventory, host, PORTS.dashboard, PORTS.dpManager);
      },
    });

    yield* play({
      name: 'Gateways',
      hosts: 'data_plane',
      rolling: rollingOf(vars),
      *tasks(host) {
        yield directory({ path: PATHS.home, mode: '0750' });

        // Copy the data plane package to the host.
        const pkg = api7.package && package_({ from: api7.package.dataPlane, into: PATHS.dataPlanePackage });
        if (pkg) yield pkg;
        const gateway = image({ ref: gatewayImage(api7), ...(pkg && { from: pkg }) });
        yield gateway;

        // Let the image itself check the configuration, before anything that serves is touched.
        yield configAccepted({
          image: gateway,
          content: gatewayConfig(api7),
          target: IN_IMAGE.gatewayConfig,
          command: 'apisix init',
          as: GATEWAY_ID,
          record: PATHS.gatewayConfigAccepted,
        });

        // Configure the health check, and an identity that outlives the container.
        yield directory({ path: PATHS.gatewayConfigDir, mode: '0750', group: GATEWAY_ID });
        const config = yamlFile({
          path: PATHS.gatewayConfig,
          content: gatewayConfig(api7),
          mode: '0640',
          group: GATEWAY_ID,
        });
        yield config;
        const uid = file({
          path: PATHS.gatewayUid,
          content: gatewayUid(cluster, host.name),
          mode: '0640',
          group: GATEWAY_ID,
        });
        yield uid;

        // Start API7 Gateway, and let the load balancer find it.
        yield container({
          name: CONTAINERS.gateway,
          image: gateway,
          hostname: host.name,
          ports: [
            ...published(api7, host, 'http'),
            ...published(api7, host, 'https'),
            ...published(api7, host, 'status'),
          ],
          mounts: [
            { source: PATHS.gatewayConfig, target: IN_IMAGE.gatewayConfig },
            { source: PATHS.gatewayUid, target: IN_IMAGE.gatewayUid },
          ],
          env: gatewayEnv(api7),
          restartOn: [config, uid],
          stopSignal: 'SIGQUIT',
          stopTimeoutSeconds: gatewayStopSeconds(api7),
          ...ulimits,
        });
        yield httpReady({
          port: PORTS.status,
          path: '/status',
          within: '2m',
          passes: 3,
          container: CONTAINERS.gateway,
        });
        yield* upInBalancers(inventory, host, PORTS.http, PORTS.https);
      },
    });
  },
});
