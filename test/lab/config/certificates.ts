import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { inDirectory } from '../../support/base/in-directory.ts';
import { LabError } from '../lab-error.ts';

const run = promisify(execFile);
const days = '3650';

/** A certificate with its private key, both as PEM. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

/** The purpose of a certificate. */
export interface CertificateWish {
  /** Name of the file in `tls/`, without its ending. */
  readonly name: string;
  readonly subject: string;
  /** Names and addresses of a server, as OpenSSL writes them: `DNS:name`, `IP:10.0.0.1`. None: for a client. */
  readonly names?: readonly string[];
}

/** The name in the certificate that DP Manager has by default. */
export const builtInName = 'api7ee3-dp-manager';

/** The certificate authority that all hosts of the lab trust, and another one that none of them trusts. */
export type Authority = 'ca' | 'other-ca';

/**
 * A certificate authority of the lab: `tls/<name>.pem` and `.key`, made on first use and kept.
 * @example const { cert } = await authority(directory, 'ca')
 */
export function authority(directory: string, name: Authority): Promise<Certificate> {
  const subject = `/CN=api7-orch lab ${name}`;
  return kept(directory, name, subject, async (folder) => {
    await openssl(folder, ['req', '-x509', '-key', 'key', '-subj', subject, '-days', days, '-out', 'cert']);
  });
}

/**
 * A certificate issued by an authority of the lab, kept beside it, and issued again after a change of the request.
 * @example await issued(directory, 'ca', { name: 'gateway-edge', subject: '/OU=edge/CN=gateway' })
 */
export async function issued(directory: string, by: Authority, wish: CertificateWish): Promise<Certificate> {
  const { name, subject, names = [] } = wish;
  const issuer = await authority(directory, by);
  const extensions = [
    `extendedKeyUsage=${names.length > 0 ? 'serverAuth' : 'clientAuth'}`,
    'basicConstraints=critical,CA:FALSE',
    ...(names.length > 0 ? [`subjectAltName=${names.join(',')}`] : []),
  ].join('\n');
  return kept(directory, name, `${issuer.cert}${subject}\n${extensions}`, async (folder) => {
    await writeFile(join(folder, 'issuer'), issuer.cert);
    await writeFile(join(folder, 'issuer-key'), issuer.key, { mode: 0o600 });
    await writeFile(join(folder, 'extensions'), extensions);
    await openssl(folder, ['req', '-new', '-key', 'key', '-subj', subject, '-out', 'request']);
    const from = ['-in', 'request', '-CA', 'issuer', '-CAkey', 'issuer-key', '-CAcreateserial'];
    await openssl(folder, ['x509', '-req', ...from, '-extfile', 'extensions', '-days', days, '-out', 'cert']);
  });
}

/**
 * The client certificate of the gateways of a group. DP Manager reads the group in the unit (OU) of its subject.
 * @example await gatewayCertificate(directory, 'edge')
 */
export function gatewayCertificate(directory: string, group: string): Promise<Certificate> {
  return issued(directory, 'ca', { name: `gateway-${group}`, subject: `/OU=${group}/CN=gateway` });
}

/** A client certificate for the same group, from an authority that DP Manager does not trust. */
export function wrongCertificate(directory: string, group: string): Promise<Certificate> {
  return issued(directory, 'other-ca', { name: `wrong-${group}`, subject: `/OU=${group}/CN=gateway` });
}

/** The certificate that DP Manager has by default. */
export function builtInCertificate(directory: string): Promise<Certificate> {
  return issued(directory, 'ca', { name: 'built-in', subject: `/CN=${builtInName}`, names: [`DNS:${builtInName}`] });
}

/** The last request for the files of a path: those of two requests at once would mix. */
const requests = new Map<string, Promise<unknown>>();

/** The files kept under a name for the same request; otherwise the files that `make` writes into a folder with a fresh `key`. */
async function kept(
  directory: string,
  name: string,
  wish: string,
  make: (folder: string) => Promise<void>,
): Promise<Certificate> {
  const path = join(directory, 'tls', name);
  const before = requests.get(path);
  const next = Promise.resolve(before)
    .catch(() => undefined)
    .then(() => keptAt(path, wish, make));
  requests.set(path, next);
  return await next;
}

async function keptAt(path: string, wish: string, make: (folder: string) => Promise<void>): Promise<Certificate> {
  const mark = createHash('sha256').update(wish).digest('hex');
  const [was, cert, key] = await Promise.all(
    ['wish', 'pem', 'key'].map((ending) => readFile(`${path}.${ending}`, 'utf8').catch(() => '')),
  );
  if (was === mark && cert && key) return { cert, key };
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  return await inDirectory(async (inside) => {
    const folder = inside('');
    await openssl(folder, ['genpkey', '-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-256', '-out', 'key']);
    await make(folder);
    const fresh = {
      cert: await readFile(inside('cert'), 'utf8'),
      key: await readFile(inside('key'), 'utf8'),
    };
    await put(`${path}.key`, fresh.key, 0o600);
    await put(`${path}.pem`, fresh.cert, 0o644);
    await put(`${path}.wish`, mark, 0o644);
    return fresh;
  });
}

async function put(path: string, content: string, mode: number): Promise<void> {
  await writeFile(`${path}.new`, content, { mode });
  await rename(`${path}.new`, path);
}

async function openssl(folder: string, args: readonly string[]): Promise<void> {
  await run('openssl', args, { cwd: folder, timeout: 30_000 }).catch((cause) => {
    throw new LabError(`openssl ${args[0]} failed: is it installed?`, { log: String(cause.stderr ?? cause), cause });
  });
}
