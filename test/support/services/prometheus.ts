import { execFileSync, spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { endProcess } from '../base/end-process.ts';
import { freePort } from '../base/free-port.ts';
import { installed } from '../base/installed.ts';
import { temporaryDirectory } from '../base/temporary-directory.ts';

/** The only user that it accepts; the password has characters with a meaning for curl and HTTP. */
export const PROMETHEUS_USER = { username: 'ops', password: 'p"a\\ss:w0rd' };
const HASH = '$2b$04$j8/hArJDN3Und.4KfLNVReuwl9VI2mwTmJC4GqS5IY8rNP7BpiElW';

export interface TestPrometheus extends AsyncDisposable {
  readonly port: number;
  readonly addr: string;
}

interface PrometheusOptions {
  readonly receiver?: boolean;
  /** It requires a login. */
  readonly login?: boolean;
  /** It uses HTTPS only, and accepts only clients with a certificate of this authority. */
  readonly certificates?: TestCertificates;
}

/** Debian's Prometheus on loopback. */
export async function startPrometheus({ receiver, login, certificates }: PrometheusOptions): Promise<TestPrometheus> {
  const program = installed('/usr/bin/prometheus', 'prometheus');
  const directory = temporaryDirectory('prometheus');
  const [config, web] = [join(directory, 'prometheus.yml'), join(directory, 'web.yml')];
  writeFileSync(config, 'global: {}\n');
  const users = login ? `basic_auth_users:\n  ${PROMETHEUS_USER.username}: ${HASH}\n` : '';
  const { folder } = certificates ?? {};
  const tls = folder
    ? `tls_server_config:\n  cert_file: ${folder}/server.pem\n  key_file: ${folder}/server.key\n  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: ${folder}/ca.pem\n`
    : '';
  writeFileSync(web, users + tls);
  const port = await freePort();
  const child = spawn(
    program,
    [
      `--config.file=${config}`,
      `--web.config.file=${web}`,
      `--web.listen-address=127.0.0.1:${port}`,
      `--storage.tsdb.path=${join(directory, 'data')}`,
      ...(receiver ? ['--web.enable-remote-write-receiver'] : []),
    ],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  let printed = '';
  const ready = new Promise<void>((resolve, reject) => {
    child.stderr.on('data', (chunk: Buffer) => {
      printed = (printed + chunk.toString()).slice(-5000);
      if (printed.includes('ready to receive web requests')) resolve();
    });
    child.once('exit', () => reject(new Error(`Prometheus did not start:\n${printed}`)));
  });
  await ready;
  return {
    port,
    addr: `${certificates === undefined ? 'http' : 'https'}://127.0.0.1:${port}`,
    [Symbol.asyncDispose]: () => endProcess(child, 'SIGKILL'),
  };
}

export interface TestCertificates {
  readonly folder: string;
  read(name: 'ca.pem' | 'client.pem' | 'client.key'): string;
}

/** An authority, a server called `prometheus.internal`, and a client. */
export function makeCertificates(): TestCertificates {
  const openssl = installed('/usr/bin/openssl', 'openssl');
  const folder = temporaryDirectory('certificates');
  const run = (...words: readonly string[]) => execFileSync(openssl, words, { cwd: folder, stdio: 'pipe' });
  const fresh = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-x509', '-days', '2'];
  run('req', ...fresh, '-subj', '/CN=authority', '-keyout', 'ca.key', '-out', 'ca.pem');
  for (const [name, subject] of [
    ['server', 'prometheus.internal'],
    ['client', 'control-plane'],
  ])
    run(
      ...['req', ...fresh, '-subj', `/CN=${subject}`, '-addext', `subjectAltName=DNS:${subject}`],
      ...['-CA', 'ca.pem', '-CAkey', 'ca.key', '-addext', 'basicConstraints=CA:FALSE'],
      ...['-keyout', `${name}.key`, '-out', `${name}.pem`],
    );
  return {
    folder,
    read: (name) => readFileSync(join(folder, name), 'utf8'),
  };
}
