import { setTimeout as sleep } from 'node:timers/promises';
import { packagePath } from '../build/packages.ts';
import type { Part } from '../build/stand-ins.ts';
import { authority, builtInName, type Certificate, gatewayCertificate } from '../config/certificates.ts';
import { labSecrets } from '../config/secrets.ts';
import type { Lab } from '../lab.ts';
import type { HostName } from '../plan/topology.ts';

/** A gateway that connects with a certificate; omitted settings are those of its group in the lab. */
export interface TlsGateway {
  readonly group: string;
  readonly certificate?: Certificate;
  readonly ca?: string;
  /** Default the name in DP Manager's own default certificate. */
  readonly sni?: string;
  /** `-p` of `docker run`. Default the ports of the vendor's page. */
  readonly ports?: readonly string[];
}

/** The manual steps of the vendor's page on hosts of a lab. */
export class ManualInstall {
  readonly #lab: Lab;

  constructor(lab: Lab) {
    this.#lab = lab;
  }

  /** Runs a script that must succeed; returns its output. */
  async run(host: HostName, script: string): Promise<string> {
    const { code, out, err } = await this.#lab.exec(host, script);
    if (code !== 0) throw new Error(`${host}: exit code ${code}\n${out}${err}`);
    return out.trim();
  }

  async load(host: HostName, part: Part, version = this.#lab.file.version): Promise<void> {
    await this.run(host, 'mkdir -p /opt/package');
    const container = this.#lab.docker.getContainer(this.#lab.host(host).container);
    await container.putArchive(packagePath(version, part), { path: '/opt/package' });
    await this.run(host, 'for image in /opt/package/images/*.tar.gz; do docker load -i $image; done');
  }

  async dsn(password?: string): Promise<string> {
    const secret = password ?? (await labSecrets(this.#lab.directory)).dbPassword;
    return `postgres://api7ee:${encodeURIComponent(secret)}@${this.#lab.host('db-1').address}:5432/api7ee`;
  }

  async controlPlaneConfig(host: HostName, name: string, port: number, dsn: string, tls = ''): Promise<void> {
    const yaml = `server:\n  listen:\n    host: "0.0.0.0"\n    port: ${port}\n${tls}database:\n  dsn: "${dsn}"\n`;
    await this.run(host, `cat > /opt/${name} <<'END'\n${yaml}END`);
  }

  async controlPlane(host: HostName): Promise<void> {
    await this.load(host, 'cp');
    await this.startDashboard(host);
    await this.startDpManager(host);
  }

  async startDashboard(host: HostName, certificate?: Certificate): Promise<void> {
    await this.controlPlaneConfig(host, 'dashboard-config.yaml', 17080, await this.dsn(), tlsBlock(certificate));
    await this.run(
      host,
      `${await this.#certificateFiles('/opt/certs/dashboard', certificate)}
       docker rm -f dashboard >/dev/null 2>&1
       docker run -d --name dashboard --restart unless-stopped -p 17080:17080 -p 7443:7443 -v /opt/certs/dashboard:/certs \
       -v /opt/dashboard-config.yaml:/app/conf/config.yaml api7/api7-ee-3-integrated:v${this.#lab.file.version}`,
    );
  }

  async startDpManager(host: HostName, certificate?: Certificate): Promise<void> {
    await this.controlPlaneConfig(host, 'dp-manager-config.yaml', 17900, await this.dsn(), tlsBlock(certificate));
    await this.run(
      host,
      `${await this.#certificateFiles('/opt/certs/dp-manager', certificate)}
       docker rm -f dp-manager >/dev/null 2>&1
       docker run -d --name dp-manager --restart unless-stopped -p 17900:17900 -p 7943:7943 -v /opt/certs/dp-manager:/certs \
       -v /opt/dp-manager-config.yaml:/usr/local/api7/conf/config.yaml api7/api7-ee-dp-manager:v${this.#lab.file.version}`,
    );
  }

  async #certificateFiles(folder: string, certificate?: Certificate): Promise<string> {
    if (certificate === undefined) return `mkdir -p ${folder}`;
    return `mkdir -p ${folder}; umask 027; ${heredoc(`cat > ${folder}/cert.pem`, certificate.cert)}
       ${heredoc(`cat > ${folder}/key.pem`, certificate.key)}`;
  }

  async gatewayConfig(host: HostName, extra = ''): Promise<void> {
    const yaml = `apisix:\n  status:\n    ip: 0.0.0.0\n    port: 7085\n${extra}`;
    await this.run(host, `mkdir -p /opt/gateway_conf; cat > /opt/gateway_conf/config.yaml <<'END'\n${yaml}END`);
  }

  /** Starts a gateway; `endpoints` are asked instead of the balancer when given. */
  async gateway(
    host: HostName,
    endpoints?: readonly string[],
    token?: string,
    version = this.#lab.file.version,
  ): Promise<void> {
    const urls = endpoints ?? [`http://${this.#lab.host('lb-1').address}:17900`];
    const secret = token ?? (await labSecrets(this.#lab.directory)).gatewayToken;
    await this.run(
      host,
      `docker rm -f gateway >/dev/null 2>&1
       docker run -d --name gateway -p 9080:9080 -p 7085:7085 --hostname ${host} \
       -e API7_CONTROL_PLANE_ENDPOINTS='${JSON.stringify(urls)}' -e API7_GATEWAY_GROUP_SHORT_ID=default -e API7_CONTROL_PLANE_TOKEN='${secret}' \
       -v /opt/gateway_conf/config.yaml:/usr/local/apisix/conf/config.yaml api7/api7-ee-3-gateway:${version}`,
    );
  }

  /** Starts a gateway that connects to DP Manager on 7943, through the balancer. */
  async tlsGateway(host: HostName, { group, ...wish }: TlsGateway): Promise<void> {
    const { cert, key } = wish.certificate ?? (await gatewayCertificate(this.#lab.directory, group));
    const ca = wish.ca ?? (await authority(this.#lab.directory, 'ca')).cert;
    const pem = { CERT: cert, KEY: key, CA: ca };
    const names = Object.keys(pem).map((name) => `API7_CONTROL_PLANE_${name}`);
    const variables = Object.values(pem).map((text, at) => `export ${names[at]}="$(${heredoc('cat', text)})"`);
    const ports = (wish.ports ?? ['9080:9080', '9443:9443']).map((port) => `-p ${port}`).join(' ');
    await this.run(
      host,
      `docker rm -f gateway >/dev/null 2>&1
${variables.join('\n')}
docker run -d --name gateway -p 7085:7085 ${ports} --hostname ${host} ${names.map((name) => `-e ${name}`).join(' ')} \
  -e API7_CONTROL_PLANE_ENDPOINTS='["https://${this.#lab.host('lb-1').address}:7943"]' \
  -e API7_CONTROL_PLANE_SNI=${wish.sni ?? builtInName} -e API7_GATEWAY_GROUP_SHORT_ID=${group} \
  -v /opt/gateway_conf/config.yaml:/usr/local/apisix/conf/config.yaml api7/api7-ee-3-gateway:${this.#lab.file.version}`,
    );
  }

  /** The status a host gives itself on a port, 0 for no answer. */
  async status(host: HostName, port: number, path: string): Promise<number> {
    const { out } = await this.#lab.exec(
      host,
      `curl -s -m 5 -o /dev/null -w '%{http_code}' http://127.0.0.1:${port}${path}`,
    );
    return Number(out);
  }

  /** Polls until the reply is the expected one; fails with the last reply. */
  async until<T>(wanted: T, ask: () => Promise<T>, withinMs = 30_000): Promise<void> {
    const deadline = Date.now() + withinMs;
    for (let last = await ask(); last !== wanted; last = await ask()) {
      if (Date.now() > deadline) throw new Error(`waited ${withinMs} ms for ${wanted}, last seen: ${last}`);
      await sleep(200);
    }
  }
}

const tlsBlock = (certificate?: Certificate): string =>
  certificate === undefined ? '' : '  tls:\n    cert_file: /certs/cert.pem\n    key_file: /certs/key.pem\n';

const heredoc = (command: string, text: string): string => `${command} <<'END'\n${text.trimEnd()}\nEND\n`;
