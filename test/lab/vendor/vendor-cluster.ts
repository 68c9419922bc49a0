import { authority, builtInCertificate, builtInName, gatewayCertificate } from '../config/certificates.ts';
import { labSecrets } from '../config/secrets.ts';
import type { Lab } from '../lab.ts';
import { hostsOf, labHost } from '../plan/lab-file.ts';
import { composeUp, controlPlanePart, gatewayPart } from './compose-project.ts';
import { loadImages } from './load-images.ts';
import { must, put } from './must.ts';

/** The files of the operator who started it. */
const HOME = '/root/api7';

/**
 * How a cluster was started that api7-orch has not made:
 * - `page`: the literal lines of the vendor's page on high availability. No name, a mount relative to the working directory, no restart policy, no
 *   stop signal. Gateways log in with a token and have the status block of the page.
 * - `script`: the control plane by the page, gateways by the script that the dashboard generates: certificates in the environment, no
 *   mount, no status port.
 * - `compose`: by Debian's docker-compose, from the files that the vendor's quickstart lays out, each host with its part of them. As in the
 *   quickstart, the uid of a gateway is a mounted file, and what stops starts again.
 */
export type Way = 'page' | 'script' | 'compose';

/** Starts API7 on bare hosts of a lab, and waits until it serves. */
export async function startVendorCluster(lab: Lab, way: Way): Promise<void> {
  await builtInCertificate(lab.directory);
  // Before the hosts, which start at once and would each make one.
  if (way === 'script') await gatewayCertificate(lab.directory, 'default');
  const controlPlane = hostsOf(lab.file, 'control_plane');
  await Promise.all(controlPlane.map((host) => loadImages(lab, host, 'cp', HOME)));
  for (const host of controlPlane) await startControlPlane(lab, host, way);
  await Promise.all(
    hostsOf(lab.file, 'data_plane').map(async (host) => {
      await loadImages(lab, host, 'dp', HOME);
      await startGateway(lab, host, way);
    }),
  );
}

/** Starts the control plane of one host, and waits until it responds. */
export async function startControlPlane(lab: Lab, host: string, way: Way): Promise<void> {
  const { version } = lab.file;
  const { dbPassword } = await labSecrets(lab.directory);
  const database = labHost(lab.file, 'db-1').address;
  const dsn = `postgres://api7ee:${encodeURIComponent(dbPassword)}@${database}:5432/api7ee?sslmode=disable`;
  const [dashboard, dpManager] = [17080, 17900].map((port) => until(`curl -sf http://127.0.0.1:${port}/healthz`));
  if (way === 'compose') {
    await composeUp(
      lab,
      host,
      controlPlanePart(version, (port) => config(port, dsn)),
    );
    await must(lab, host, `${dashboard}\n${dpManager}`);
    return;
  }
  await put(lab, host, `${HOME}/dashboard-config.yaml`, config(17080, dsn));
  await put(lab, host, `${HOME}/dp-manager-config.yaml`, config(17900, dsn));
  // The page mounts ./FILE. Docker's client makes an absolute path of that before the Engine sees it; the one of the lab is too old to.
  await must(
    lab,
    host,
    `cd ${HOME}
docker run -d -p 17080:17080 -v "$PWD"/dashboard-config.yaml:/app/conf/config.yaml api7/api7-ee-3-integrated:v${version}
${dashboard}
docker run -d -p 17900:17900 -p 7943:7943 -v "$PWD"/dp-manager-config.yaml:/usr/local/api7/conf/config.yaml api7/api7-ee-dp-manager:v${version}
${dpManager}`,
  );
}

const config = (port: number, dsn: string): string => `server:
  listen:
    host: "0.0.0.0"
    port: ${port}
database:
  dsn: "${dsn}"
`;

const STATUS = `apisix:
  status:
    ip: 0.0.0.0
    port: 7085
`;

/** Starts the gateway of one host, and waits until it responds. */
export async function startGateway(lab: Lab, host: string, way: Way): Promise<void> {
  const image = `api7/api7-ee-3-gateway:${lab.file.version}`;
  if (way === 'script') {
    await put(lab, host, `${HOME}/run-gateway.sh`, await generatedScript(lab, image));
    await must(lab, host, `sh ${HOME}/run-gateway.sh`);
  } else {
    const login = await tokenLogin(lab);
    if (way === 'compose') await composeUp(lab, host, gatewayPart(image, login, STATUS));
    else {
      await put(lab, host, `${HOME}/gateway_conf/config.yaml`, STATUS);
      const flags = Object.entries(login).map(([name, value]) => `-e ${name}='${value}'`);
      await must(
        lab,
        host,
        `cd ${HOME}
docker run -d ${flags.join(' ')} \\
  -p 9080:9080 -p 9443:9443 -p 7085:7085 -v "$PWD"/gateway_conf/config.yaml:/usr/local/apisix/conf/config.yaml ${image}`,
      );
    }
  }
  await must(lab, host, until('curl -s -o /dev/null http://127.0.0.1:9080/'));
}

async function tokenLogin(lab: Lab): Promise<Readonly<Record<string, string>>> {
  const endpoints = hostsOf(lab.file, 'load_balancer').map((name) => `http://${labHost(lab.file, name).address}:17900`);
  return {
    API7_CONTROL_PLANE_ENDPOINTS: JSON.stringify(endpoints),
    API7_GATEWAY_GROUP_SHORT_ID: 'default',
    API7_CONTROL_PLANE_TOKEN: (await labSecrets(lab.directory)).gatewayToken,
  };
}

/** What the dashboard's page "add gateway instance" gives for Docker, with a certificate of this host alone. */
async function generatedScript(lab: Lab, image: string): Promise<string> {
  const [{ cert, key }, { cert: ca }] = await Promise.all([
    gatewayCertificate(lab.directory, 'default'),
    authority(lab.directory, 'ca'),
  ]);
  const endpoints = JSON.stringify(
    hostsOf(lab.file, 'control_plane').map((name) => `https://${labHost(lab.file, name).address}:7943`),
  );
  return `docker run -d -e API7_CONTROL_PLANE_ENDPOINTS='${endpoints}' \\
-e API7_GATEWAY_GROUP_SHORT_ID=default \\
-e API7_CONTROL_PLANE_CERT="${cert}" \\
-e API7_CONTROL_PLANE_KEY="${key}" \\
-e API7_CONTROL_PLANE_CA="${ca}" \\
-e API7_CONTROL_PLANE_SNI="${builtInName}" \\
-p 9080:9080 \\
-p 9443:9443 \\
${image}
`;
}

/** Waits for a command to succeed, for two minutes at most. */
const until = (command: string): string =>
  `for i in $(seq 240); do ${command} >/dev/null && break; [ "$i" -lt 240 ] || { docker ps -a; exit 1; }; sleep 0.5; done`;
