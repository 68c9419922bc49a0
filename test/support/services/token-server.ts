import { execFileSync } from 'node:child_process';
import { createSign, randomUUID, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { listen } from '../base/listen.ts';

/** Claims of an access to one repository. */
type Access = { readonly type: 'repository'; readonly name: string; readonly actions: readonly string[] };

/** Issues the tokens of a registry: the protocol of the distribution project, "Token Authentication". */
export interface TokenServer extends AsyncDisposable {
  /** URL that the registry sends its clients to. */
  readonly realm: string;
  readonly issuer: string;
  readonly service: string;
  /** Path of the certificate that the registry trusts. */
  readonly certificate: string;
  /** Requests by their login: a user, `refused`, or `nobody`. */
  readonly asked: string[];
  tokenFor(access: readonly Access[]): string;
}

const ISSUER = 'test-issuer';
const SERVICE = 'test-registry';

/** Starts one with one user. Key and certificate are in `directory`. */
export async function startTokenServer(
  directory: string,
  user: { readonly username: string; readonly password: string },
): Promise<TokenServer> {
  const certificate = join(directory, 'token.crt');
  const key = join(directory, 'token.key');
  const files = ['-keyout', key, '-out', certificate];
  const request = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=test-issuer', ...files];
  execFileSync('openssl', request, { stdio: 'ignore' });
  const privateKey = readFileSync(key);
  const chain = [new X509Certificate(readFileSync(certificate)).raw.toString('base64')];
  const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const tokenFor = (access: readonly Access[]): string => {
    const now = Math.floor(Date.now() / 1000);
    const claims = { iss: ISSUER, sub: user.username, aud: SERVICE, iat: now, nbf: now - 5, exp: now + 300 };
    const signed = `${part({ typ: 'JWT', alg: 'RS256', x5c: chain })}.${part({ ...claims, jti: randomUUID(), access })}`;
    return `${signed}.${createSign('RSA-SHA256').update(signed).sign(privateKey, 'base64url')}`;
  };
  const right = `Basic ${Buffer.from(`${user.username}:${user.password}`).toString('base64')}`;
  const asked: string[] = [];
  const server = createServer((query, reply) => {
    const { authorization } = query.headers;
    const isKnown = authorization === right;
    asked.push(isKnown ? user.username : authorization === undefined ? 'nobody' : 'refused');
    // Without a login there is a token for nothing; the registry then refuses it.
    if (authorization !== undefined && !isKnown) {
      reply.writeHead(401, { 'content-type': 'application/json' });
      return void reply.end('{"details":"incorrect username or password"}');
    }
    const scopes = new URL(query.url ?? '/', 'http://server').searchParams.getAll('scope');
    const access = scopes.flatMap((scope): Access[] => {
      const [, name = '', actions = ''] = /^repository:([^:]+):(.+)$/.exec(scope) ?? [];
      return isKnown && name !== '' ? [{ type: 'repository', name, actions: actions.split(',') }] : [];
    });
    reply.writeHead(200, { 'content-type': 'application/json' });
    reply.end(JSON.stringify({ token: tokenFor(access), expires_in: 300 }));
  });
  const port = await listen(server);
  return {
    realm: `http://127.0.0.1:${port}/token`,
    issuer: ISSUER,
    service: SERVICE,
    certificate,
    asked,
    tokenFor,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
