import { authority, builtInCertificate, builtInName, gatewayCertificate } from '../config/certificates.ts';
import { labSecrets } from '../config/secrets.ts';
import type { Lab } from '../lab.ts';
import { hostsOf, labHost } from '../plan/lab-file.ts';
import { loadImages } from './load-images.ts';
import { must, put } from './must.ts';

/** The files of the operator who started it. */
export const HOME = '/root/api7';

/**
 * How a cluster was started that api7-orch has not made:
 * - `page`: the literal lines of the vendor's page on high availability. No name, a mount relative to the working directory, no restart policy, no
 *   stop signal. Gateways log in with a token and have the status block of the page.
 * - `script`: the control plane by the page, gateways by the script that the dashboard generates: certificates in the environment, no
 *   mount, no status port.
 * - `compose`: as the vendor's compose file starts it. The hosts have no compose, so `docker run` sets its labels; the file is there.
 */
export type Way = 'page' | 'script' | 'compose';

/** Starts API7 on bare hosts of a lab, and waits until it serves. */
export async function startVendorCluster(lab: Lab, way: Way): Promise<void> {
  const { dbPassword } = await labSecrets(lab.directory);
  await builtInCertificate(lab.directory);
  const database = labHost(lab.file, 'db-1').address;
  const dsn = `postgres://api7ee:${encodeURIComponent(dbPassword)}@${database}:5432/api7ee?sslmode=disable`;
  const controlPlane = hostsOf(lab.file, 'control_plane');
  await Promise.all(controlPlane.map((host) => loadImages(lab, host, 'cp', HOME)));
  for (const host of controlPlane) await startControlPlane(lab, host, dsn, way);
  await Promise.all(
    hostsOf(lab.file, 'data_plane').map(async (host) => {
      await loadImages(lab, host, 'dp', HOME);
      await startGateway(lab, host, way);
    }),
  );
}

const config = (port: number, dsn: string): string => `server:
  listen:
    host: "0.0.0.0"
    port: ${port}
database:
  dsn: "${dsn}"
`;

async function startControlPlane(lab: Lab, host: string, dsn: string, way: Way): Promise<void> {
  const { version } = lab.file;
  await put(lab, host, `${HOME}/dashboard-config.yaml`, config(17080, dsn));
  await put(lab, host, `${HOME}/dp-manager-config.yaml`, config(17900, dsn));
  const flags = (service: string): string => (way === 'compose' ? composeFlags(service) : '');
  if (way === 'compose') await putComposeFile(lab, host);
  // The page mounts ./FILE. Docker's client makes an absolute path of that before the Engine sees it; the one of the lab is too old to.
  await must(
    lab,
    host,
    `cd ${HOME}
docker run -d ${flags('dashboard')} -p 17080:17080 -v "$PWD"/dashboard-config.yaml:/app/conf/config.yaml api7/api7-ee-3-integrated:v${version}
${until('curl -sf http://127.0.0.1:17080/healthz')}
docker run -d ${flags('dp-manager')} -p 17900:17900 -p 7943:7943 -v "$PWD"/dp-manager-config.yaml:/usr/local/api7/conf/config.yaml api7/api7-ee-dp-manager:v${version}
${until('curl -sf http://127.0.0.1:17900/healthz')}`,
  );
}

const STATUS = `apisix:
  status:
    ip: 0.0.0.0
    port: 7085
`;

async function startGateway(lab: Lab, host: string, way: Way): Promise<void> {
  const image = `api7/api7-ee-3-gateway:${lab.file.version}`;
  if (way === 'script') {
    await put(lab, host, `${HOME}/run-gateway.sh`, await generatedScript(lab, image));
    await must(lab, host, `sh ${HOME}/run-gateway.sh`);
  } else {
    const { gatewayToken } = await labSecrets(lab.directory);
    const endpoints = JSON.stringify(
      hostsOf(lab.file, 'load_balancer').map((name) => `http://${labHost(lab.file, name).address}:17900`),
    );
    await put(lab, host, `${HOME}/gateway_conf/config.yaml`, STATUS);
    if (way === 'compose') await putComposeFile(lab, host);
    await must(
      lab,
      host,
      `cd ${HOME}
docker run -d ${way === 'compose' ? composeFlags('gateway') : ''} -e API7_CONTROL_PLANE_ENDPOINTS='${endpoints}' -e API7_GATEWAY_GROUP_SHORT_ID=default -e API7_CONTROL_PLANE_TOKEN='${gatewayToken}' \\
  -p 9080:9080 -p 9443:9443 -p 7085:7085 -v "$PWD"/gateway_conf/config.yaml:/usr/local/apisix/conf/config.yaml ${image}`,
    );
  }
  await must(lab, host, until('curl -s -o /dev/null http://127.0.0.1:9080/'));
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

const COMPOSE_FILE = `${HOME}/docker-compose.yaml`;

/** Labels that docker compose gives to the containers of a project, with its restart policy and names. */
function composeFlags(service: string): string {
  const labels = {
    'com.docker.compose.project': 'api7',
    'com.docker.compose.service': service,
    'com.docker.compose.container-number': '1',
    'com.docker.compose.oneoff': 'False',
    'com.docker.compose.project.working_dir': HOME,
    'com.docker.compose.project.config_files': COMPOSE_FILE,
    'com.docker.compose.version': '2.24.5',
  };
  return [
    `--name api7-${service}-1`,
    '--restart always',
    ...Object.entries(labels).map(([key, value]) => `-l ${key}=${value}`),
  ].join(' ');
}

const putComposeFile = (lab: Lab, host: string): Promise<string> =>
  put(lab, host, COMPOSE_FILE, 'services: {} # as good as any: nothing reads it here\n');

/** Waits for a command to succeed, for two minutes at most. */
const until = (command: string): string =>
  `for i in $(seq 240); do ${command} >/dev/null && break; [ "$i" -lt 240 ] || { docker ps -a; exit 1; }; sleep 0.5; done`;
