import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { GATEWAY_CONFIG_CHECK } from '../../src/api7/config-check.ts';
import { all } from './all.ts';
import { authority, gatewayCertificate, issued, wrongCertificate } from './config/certificates.ts';
import { labSecrets } from './config/secrets.ts';
import { type Lab, upLab } from './lab.ts';
import { streamEchoes } from './load/stream-client.ts';
import { paths } from './paths.ts';
import { type HostName, portOfBalancer } from './plan/topology.ts';
import { ManualInstall } from './scenes/manual-install.ts';

const directory = join(paths.cache, 'labs/stand-ins-test');
const release = '3.10.5';

let lab: Lab;
let by: ManualInstall;

beforeAll(async () => {
  const size = { controlPlane: 2, dataPlane: 2, edgeGateways: 1, loadBalancers: 1 };
  lab = await upLab({ directory, owned: true, version: release, size });
  await lab.reset();
  by = new ManualInstall(lab);
});

afterAll(() => lab?.down());

const logs = async (host: HostName, name: string) => (await lab.exec(host, `docker logs ${name} 2>&1`)).out;

/** The gateway of the group `edge`, on ports of its own. */
const edge = { group: 'edge', ports: ['80:9080', '443:9443', '9000:9000', '9000:9000/udp'] };
const edgeConfig = (shutdown: string) => `  proxy_mode: http&stream
  stream_proxy:
    tcp: [9000]
    udp: [9000]
nginx_config:
  worker_shutdown_timeout: ${shutdown}
`;

/** A stream of so many lines through the balancer, four a second. */
const stream = (lines: number) => {
  const { address } = lab.host('lb-1');
  const target = { balancer: 'lb-1', name: 'stream', host: address, port: portOfBalancer.edge_tcp };
  return streamEchoes(target, { lines, everyMs: 250 }, () => true);
};

/** curl's result on cp-1 for a request to its dp-manager: the status, and curl's exit code if there is none. */
const asks = async (url: string, ...options: readonly string[]) => {
  const { code, out } = await lab.exec(
    'cp-1',
    `curl -sk -m 2 -o /dev/null -w '%{http_code}' ${options.join(' ')} '${url}'`,
  );
  return out === '000' ? `curl ${code}` : out;
};

/** Runs a control-plane image to its end; returns exit code and log. */
async function runDashboard(dsn: string): Promise<{ readonly code: number; readonly log: string }> {
  await by.controlPlaneConfig('cp-1', 'bad.yaml', 17080, dsn);
  const { code, out, err } = await lab.exec(
    'cp-1',
    `timeout 40 docker run --rm -v /opt/bad.yaml:/app/conf/config.yaml api7/api7-ee-3-integrated:v${release}`,
  );
  return { code, log: out + err };
}

describe.runIf(all)('the stand-in images, run as on the vendor’s page', () => {
  it('serve end to end through the balancer', async () => {
    await by.controlPlane('cp-1');
    await by.until(200, () => by.status('cp-1', 17080, '/healthz'));
    await by.until(200, () => by.status('cp-1', 17900, '/healthz'));
    expect(await by.run('cp-1', 'curl -s http://127.0.0.1:17080/api/version')).toBe(`{"value": "v${release}"}`);
    expect(await by.run('cp-1', 'curl -s http://127.0.0.1:17080/')).toContain('<h1>API7 Dashboard</h1>');
    await by.until(200, async () => (await fetch(`${lab.url('dashboards')}/healthz`)).status);
    await by.until(200, async () => (await fetch(`${lab.url('dp_managers')}/version`)).status);

    await by.load('gw-1', 'dp');
    await by.gatewayConfig('gw-1');
    await by.gateway('gw-1');
    await by.until(200, () => by.status('gw-1', 7085, '/status'));
    await by.until(200, () => by.status('gw-1', 7085, '/status/ready'));
    expect(await by.run('gw-1', 'curl -s http://127.0.0.1:7085/status')).toBe('{"status":"ok"}');
    await by.until(200, async () => (await fetch(lab.url('gateways'))).status);
    const answer = await fetch(`${lab.url('gateways')}/any/path`, { headers: { 'x-mine': '1' } });
    const config = await by.run('gw-1', 'cat /opt/gateway_conf/config.yaml');
    const digest = createHash('sha256').update(`${config}\n`).digest('hex').slice(0, 8);
    expect(answer.headers.get('x-gateway')).toBe('gw-1');
    expect(answer.headers.get('x-config-revision')).toMatch(new RegExp(`^\\d+-${digest}$`));
    expect(await answer.text()).toMatch(/^GET \/any\/path\n(.*\n)*x-mine: 1/i);
  });

  it('run the gateway as user 636, and stop it with SIGQUIT', async () => {
    expect(await by.run('gw-1', "docker exec gateway sh -c 'id -u; id -g'")).toBe('636\n636');
    expect(await by.run('gw-1', 'docker inspect -f {{.Config.StopSignal}} gateway')).toBe('SIGQUIT');
    const top = await by.run('gw-1', 'docker top gateway -eo pid,uid,args | grep nginx');
    expect(top).toMatch(/^\d+ +636 +nginx: master/m);
    expect(await by.run('gw-1', 'docker exec gateway cat conf/apisix.uid')).toMatch(/^[0-9a-f-]{36}$/);
  });

  it('report the gateway by heartbeat', async () => {
    const uid = await by.run('gw-1', 'docker exec gateway cat conf/apisix.uid');
    const count = () =>
      by.run(
        'db-1',
        `su postgres -c "psql -tA -d api7ee -c \\"select hostname || ' ' || version from gateway_instance where id = '${uid}'\\""`,
      );
    await by.until(`gw-1 ${release}`, count);
  });

  it('bring a changed route to a running gateway', async () => {
    const before = (await fetch(lab.url('gateways'))).headers.get('x-config-revision');
    await by.run(
      'db-1',
      `su postgres -c "psql -d api7ee -c \\"insert into route (gateway_group, prefix, upstream) select 'default', '/second/', upstream from route limit 1\\""`,
    );
    await by.until(false, async () => (await fetch(lab.url('gateways'))).headers.get('x-config-revision') === before);
  });

  it('keep serving, but are not ready, while no dp-manager responds; then connect again', async () => {
    await by.run('cp-1', 'docker stop -t 5 dp-manager');
    await by.until(503, () => by.status('gw-1', 7085, '/status/ready'));
    expect(await by.status('gw-1', 7085, '/status')).toBe(200);
    expect((await fetch(lab.url('gateways'))).status).toBe(200);
    await by.run('cp-1', 'docker start dp-manager');
    await by.until(200, () => by.status('gw-1', 7085, '/status/ready'));
  });

  it('start a killed agent again, beside an nginx that keeps running', async () => {
    const pids = () => by.run('gw-1', "docker top gateway -eo pid,args | awk '/gateway_agent/ { print $1 }'");
    const nginx = () => by.run('gw-1', "docker top gateway -eo pid,args | awk '/nginx: master/ { print $1 }'");
    const [agent, master] = [await pids(), await nginx()];
    await by.run('gw-1', `kill -KILL ${agent}`);
    await by.until(true, async () => /^\d+$/.test(await pids()) && (await pids()) !== agent);
    await by.until(200, () => by.status('gw-1', 7085, '/status/ready'));
    expect(await nginx()).toBe(master);
    expect((await fetch(lab.url('gateways'))).status).toBe(200);
  });

  it('are unhealthy while the database is down, and recover', async () => {
    const database = lab.docker.getContainer(lab.host('db-1').container);
    await database.pause();
    try {
      await by.until(503, () => by.status('cp-1', 17080, '/healthz'));
      await by.until(503, () => by.status('cp-1', 17900, '/healthz'));
      await by.until(503, () => by.status('gw-1', 7085, '/status/ready'));
      expect(await by.status('gw-1', 7085, '/status')).toBe(200);
    } finally {
      await database.unpause();
    }
    await by.until(200, () => by.status('cp-1', 17080, '/healthz'));
    await by.until(200, () => by.status('gw-1', 7085, '/status/ready'));
  });

  it('refuse to start a gateway unless more than half of its endpoints respond', async () => {
    await by.load('gw-2', 'dp');
    await by.gatewayConfig('gw-2');
    const good = `http://${lab.host('cp-1').address}:17900`;
    await by.gateway('gw-2', [good, 'http://127.0.0.1:1']);
    await by.until('1', () =>
      by.run('gw-2', "docker inspect -f '{{if .State.Running}}up{{else}}{{.State.ExitCode}}{{end}}' gateway"),
    );
    expect(await logs('gw-2', 'gateway')).toMatch(
      /1 of 2 control plane endpoints answer, more than half must: http:\/\/127\.0\.0\.1:1/,
    );
    await by.gateway('gw-2', [good, good, 'http://127.0.0.1:1']);
    await by.until(200, () => by.status('gw-2', 7085, '/status/ready'));
  });

  it('load nothing with a token that the control plane does not have', async () => {
    await by.gateway('gw-2', undefined, 'wrong');
    await by.until(200, () => by.status('gw-2', 7085, '/status'));
    await by.until(true, async () => /status 401/.test(await logs('gw-2', 'gateway')));
    expect(await by.status('gw-2', 7085, '/status/ready')).toBe(503);
    expect(await by.status('gw-2', 9080, '/')).toBe(404);
  });

  it('accept the gateways of a second group by certificate, through a balancer that passes TLS', async () => {
    await by.load('edge-1', 'dp');
    await by.gatewayConfig('edge-1', edgeConfig('240s'));
    await by.tlsGateway('edge-1', edge);
    await by.until(200, () => by.status('edge-1', 7085, '/status/ready'));
    await by.until('edge', async () => (await fetch(lab.url('edge'))).headers.get('x-gateway-group'));
    expect((await fetch(lab.url('gateways'))).headers.get('x-gateway-group')).toBe('default');
    await by.until('edge-1', () =>
      by.run('lb-1', "curl -sk -o /dev/null -w '%header{x-gateway}' https://127.0.0.1:443/"),
    );
    // Each group has routes of its own: both have only the one at /.
    await by.run(
      'db-1',
      `su postgres -c "psql -d api7ee -c \\"delete from route where (gateway_group, prefix) = ('edge', '/')\\""`,
    );
    await by.until(404, () => by.status('edge-1', 80, '/'));
    expect(await by.status('edge-1', 80, '/edge/')).toBe(200);
    expect(await by.status('gw-1', 9080, '/')).toBe(200);
  });

  it('pass a TCP stream and datagrams', async () => {
    expect(await stream(3)).toBe(lab.host('edge-1').address);
    const ask = `use IO::Socket::INET; my $s = IO::Socket::INET->new(PeerAddr => "127.0.0.1:9000", Proto => "udp");
      $s->send("datagram"); alarm 5; $s->recv(my $answer, 100); print $answer`;
    expect(await by.run('edge-1', `perl -e '${ask}'`)).toBe('datagram');
  });

  it('let a stream end after SIGQUIT, and cut it after the shutdown timeout', async () => {
    await by.gatewayConfig('edge-1', edgeConfig('3s'));
    await by.tlsGateway('edge-1', edge);
    await by.until(200, () => by.status('edge-1', 7085, '/status/ready'));
    await by.until(true, () => stream(1).then(Boolean, () => false));
    const [short, long] = [stream(8), stream(60).catch((error: Error) => error.message)];
    await sleep(1000);
    const stopped = performance.now();
    await by.run('edge-1', 'docker stop -t 30 gateway');
    const stopMs = performance.now() - stopped;
    expect(await short).toBe(lab.host('edge-1').address);
    expect(await long).toMatch(/ECONNRESET|ended by the other side/);
    expect(stopMs).toBeGreaterThan(2500);
    expect(stopMs).toBeLessThan(10_000);
  });

  it('serve no route with a certificate that the control plane does not trust', async () => {
    await by.tlsGateway('edge-1', { ...edge, certificate: await wrongCertificate(directory, 'edge') });
    await by.until(200, () => by.status('edge-1', 7085, '/status'));
    await by.until(true, async () => /watch of https:.*alert unknown ca/.test(await logs('edge-1', 'gateway')));
    expect(await by.status('edge-1', 7085, '/status/ready')).toBe(503);
    expect(await by.status('edge-1', 80, '/edge/')).toBe(404);
    expect(await logs('cp-1', 'dp-manager')).toMatch(/TLS handshake with .*certificate verify failed/);
  });

  it('serve no route behind a control plane without a trusted certificate', async () => {
    await by.tlsGateway('edge-1', { ...edge, sni: 'another.name' });
    await by.until(true, async () => /watch of .*not valid for 'another.name'/.test(await logs('edge-1', 'gateway')));
    expect(await by.status('edge-1', 7085, '/status')).toBe(200);
    expect(await by.status('edge-1', 7085, '/status/ready')).toBe(503);
    await by.tlsGateway('edge-1', { ...edge, ca: (await authority(directory, 'other-ca')).cert });
    await by.until(true, async () => /watch of .*certificate verify failed/.test(await logs('edge-1', 'gateway')));
    expect(await by.status('edge-1', 7085, '/status/ready')).toBe(503);
  });

  it('give a gateway the routes of its own group only', async () => {
    const { gatewayToken, edgeToken } = await labSecrets(directory);
    const watch = (group: string) => `/api/dataplane/watch?gateway_group=${group}`;
    const byToken = (token: string, group: string) =>
      asks(`http://127.0.0.1:17900${watch(group)}`, `-H 'Control-Plane-Token: ${token}'`);
    expect(await byToken(edgeToken, 'edge')).toBe('200');
    expect(await byToken(gatewayToken, 'edge')).toBe('403');
    expect(await byToken('wrong', 'edge')).toBe('401');

    const { cert, key } = await gatewayCertificate(directory, 'default');
    const stranger = await issued(directory, 'ca', { name: 'gateway-none', subject: '/OU=none/CN=gateway' });
    await by.run('cp-1', `mkdir -p /opt/client; cat > /opt/client/default <<'END'\n${cert}${key}END`);
    await by.run('cp-1', `cat > /opt/client/none <<'END'\n${stranger.cert}${stranger.key}END`);
    const byCertificate = (name: string, group: string) =>
      asks(`https://127.0.0.1:7943${watch(group)}`, `--cert /opt/client/${name}`);
    expect(await byCertificate('default', 'default')).toBe('200');
    expect(await byCertificate('default', 'edge')).toBe('403');
    expect(await byCertificate('none', 'none')).toBe('403');
    // Without any, TLS 1.3 reports it to the client only with the first response, and TLS 1.2 in the handshake.
    expect(await asks('https://127.0.0.1:7943/version')).toBe('curl 56');
    expect(await asks('https://127.0.0.1:7943/version', '--tls-max 1.2')).toBe('curl 35');
    expect(await asks('http://127.0.0.1:7943/version')).toMatch(/^curl/);
  });

  it('show the certificates that are configured', async () => {
    const own = (name: string) => issued(directory, 'ca', { name, subject: `/CN=${name}`, names: [`DNS:${name}.lab`] });
    expect(await asks('https://127.0.0.1:7443/healthz')).toBe('200');
    await by.startDashboard('cp-1', await own('dashboard'));
    await by.startDpManager('cp-1', await own('dp-manager'));
    await by.run('cp-1', `cat > /opt/client/ca <<'END'\n${(await authority(directory, 'ca')).cert}END`);
    const verified = '--no-insecure --cacert /opt/client/ca --connect-to ::127.0.0.1:';
    await by.until('200', () => asks('https://dashboard.lab:7443/healthz', verified));
    await by.until('200', () => asks('https://dp-manager.lab:7943/version', verified, '--cert /opt/client/default'));
    expect(await asks('https://another.lab:7943/version', verified, '--cert /opt/client/default')).toBe('curl 60');
    await by.tlsGateway('edge-1', { ...edge, sni: 'dp-manager.lab' });
    await by.until(200, () => by.status('edge-1', 7085, '/status/ready'));
  });

  it('exit with a clear line on a certificate that cannot be used', async () => {
    const run = async (tls: string) => {
      await by.controlPlaneConfig('cp-1', 'bad.yaml', 17900, await by.dsn(), `  tls:\n${tls}`);
      return lab.exec(
        'cp-1',
        `timeout 40 docker run --rm -v /opt/certs/dp-manager:/certs -v /opt/bad.yaml:/usr/local/api7/conf/config.yaml api7/api7-ee-dp-manager:v${release}`,
      );
    };
    const printed = (words: string) => ({ code: 1, err: expect.stringContaining(words) });
    expect(await run('    cert_file: /certs/cert.pem\n')).toMatchObject(printed('cert_file and key_file go together'));
    expect(await run('    cert_file: /certs/none.pem\n    key_file: /certs/key.pem\n')).toMatchObject(
      printed('cannot read /certs/none.pem: No such file'),
    );
    expect(await run('    cert_file: /certs/cert.pem\n    key_file: /certs/cert.pem\n')).toMatchObject(
      printed('are not a certificate with its key'),
    );
  });

  it('check the gateway configuration offline', async () => {
    const init = (yaml: string, command = 'apisix init') =>
      lab.exec(
        'gw-2',
        `printf '${yaml}' > /opt/c.yaml; docker run --rm --network none --entrypoint sh -v /opt/c.yaml:/usr/local/apisix/conf/config.yaml api7/api7-ee-3-gateway:${release} -c "$(echo ${Buffer.from(command).toString('base64')} | base64 -d)"`,
      );
    expect((await init('apisix:\\n  status: {ip: 0.0.0.0, port: 7085}\\n')).code).toBe(0);
    const bad = await init('apisix:\\n  status: {port: x}\\n');
    expect(bad).toMatchObject({ code: 1, err: expect.stringMatching(/apisix\.status\.port: expected int, found str/) });
    expect((await init('a: [\\n')).err).toMatch(/config\.yaml:2:1/);
    // Only the test has nginx read the file that init writes.
    const snippet = (directive: string) =>
      init(`nginx_config:\\n  http_server_configuration_snippet: ${directive}\\n`, GATEWAY_CONFIG_CHECK);
    expect(await snippet('server_tokens off;')).toMatchObject({ code: 0 });
    expect(await snippet('porxy_pass off;')).toMatchObject({ code: 1, err: expect.stringContaining('porxy_pass') });
    expect(await snippet('location /c { proxy_pass http://no.such.name; }')).toMatchObject({ code: 0 });
    expect(
      (
        await lab.exec(
          'gw-2',
          `chmod 600 /opt/c.yaml; docker run --rm -v /opt/c.yaml:/usr/local/apisix/conf/config.yaml api7/api7-ee-3-gateway:${release}`,
        )
      ).err,
    ).toMatch(/Permission denied/);
  });

  it('let a slow request finish after SIGQUIT, and cut it after the shutdown timeout', async () => {
    const slow = async (seconds: number) => {
      const request = lab.exec(
        'gw-1',
        `curl -s -m 60 -w ' %{http_code}' http://127.0.0.1:9080/slow?seconds=${seconds}`,
      );
      await sleep(1000);
      const stopped = performance.now();
      await by.run('gw-1', 'docker stop -t 30 gateway');
      return {
        answer: (await request).out,
        stopMs: performance.now() - stopped,
        code: await by.run('gw-1', 'docker inspect -f {{.State.ExitCode}} gateway'),
      };
    };
    const finished = await slow(4);
    expect(finished).toMatchObject({ answer: 'slept 4\n 200', code: '0' });
    expect(finished.stopMs).toBeGreaterThan(2000);

    await by.gatewayConfig('gw-1', 'nginx_config:\n  worker_shutdown_timeout: 2s\n');
    await by.gateway('gw-1');
    await by.until(200, () => by.status('gw-1', 9080, '/'));
    const cut = await slow(20);
    expect(cut.answer).not.toContain('slept');
    expect(cut).toMatchObject({ code: '0' });
    expect(cut.stopMs).toBeLessThan(10_000);
  });

  it('start again after a power loss of their host', async () => {
    await lab.docker.getContainer(lab.host('cp-1').container).kill();
    expect((await upLab({ directory, owned: true })).did).toMatchObject({ 'cp-1': 'started', 'cp-2': 'kept' });
    await by.until(200, () => by.status('cp-1', 17080, '/healthz'));
    await by.until(200, () => by.status('cp-1', 17900, '/healthz'));
  });

  it('exit with a clear line on a DSN that cannot work', async () => {
    await by.run('cp-1', 'docker stop -t 5 dashboard');
    expect(await runDashboard(await by.dsn('p@ss:/#%wrong'))).toEqual({
      code: 1,
      log: expect.stringMatching(/password authentication failed for user "api7ee"/),
    });
    const raw = await runDashboard('postgres://api7ee:p@ss:/#%word@10.0.0.1:5432/api7ee');
    expect(raw.code).toBe(1);
    expect(raw.log).toMatch(/fatal .*database/);
    expect(raw.log).not.toContain('#%word');
    expect(await runDashboard('mysql://x')).toEqual({
      code: 1,
      log: expect.stringMatching(/must begin with postgres/),
    });
  });

  it('refuse a database that a later release has migrated', async () => {
    await by.run('db-1', `su postgres -c "psql -d api7ee -c \\"insert into schema_version values (4, '3.11.0')\\""`);
    expect(await runDashboard(await by.dsn())).toEqual({
      code: 1,
      log: expect.stringMatching(/database has schema 4, release 3.10.5 knows 3/),
    });
  });

  it('leave nothing after a reset', async () => {
    const started = performance.now();
    await lab.reset();
    expect(performance.now() - started).toBeLessThan(10_000);
    expect(await by.run('cp-1', 'docker ps -aq; docker images -q; ls -A /opt')).toBe('');
  });
});
