import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { installed } from '../base/installed.ts';
import { temporaryDirectory } from '../base/temporary-directory.ts';

/** Debian's nginx on loopback, with a configuration and a pid file of its own, before one upstream. */
export interface RealNginx extends AsyncDisposable {
  /** The port for clients. */
  readonly port: number;
  readonly include: string;
  readonly pid: string;
  readonly test: readonly string[];
  readonly reload: readonly string[];
  /** A file of the configuration besides the include: for external changes. */
  readonly other: string;
  start(): Promise<void>;
  stop(): Promise<void>;
}

/** `lines`: the include file at the start; `main`: what its configuration begins with. */
export async function startNginx(
  port: number,
  lines: string,
  main: (include: string) => string = () => '',
): Promise<RealNginx> {
  const program = installed('/usr/sbin/nginx', 'nginx');
  const directory = temporaryDirectory('nginx');
  const [conf, pid, other] = ['nginx.conf', 'nginx.pid', 'other.conf'].map((name) => join(directory, name));
  if (conf === undefined || pid === undefined || other === undefined) throw new Error('unreachable');
  mkdirSync(join(directory, 'upstreams'));
  const include = join(directory, 'upstreams/gateways.conf');
  writeFileSync(include, lines);
  writeFileSync(other, '');
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (what) => `  ${what}_temp_path ${directory}/temporary;`,
  );
  writeFileSync(
    conf,
    `${main(include)}pid ${pid};
error_log ${directory}/error.log;
worker_processes 2;
worker_shutdown_timeout 60s;
events { worker_connections 256; }
http {
  access_log off;
${temporary.join('\n')}
  include ${other};
  upstream gateways {
    include ${include};
    keepalive 8;
  }
  server {
    listen 127.0.0.1:${port};
    location / {
      proxy_pass http://gateways;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_buffering off;
    }
  }
}
`,
  );
  const run = (...words: readonly string[]): void => {
    execFileSync(program, ['-c', conf, ...words], { stdio: 'pipe' });
  };
  // By its pid: the command would read the configuration first, which a test may have broken. It removes its pid file last.
  const stop = async (): Promise<void> => {
    const master = existsSync(pid) ? readFileSync(pid, 'utf8').trim() : '';
    if (master === '') return;
    process.kill(Number(master), 'SIGTERM');
    for (let tries = 0; tries < 200 && existsSync(pid); tries += 1) await delay(50);
  };
  // The command returns before the master has written its pid. A file written by a test must be younger than the workers by more
  // than the clocks of files and processes differ.
  const start = async (): Promise<void> => {
    rmSync(pid, { force: true });
    run();
    for (let tries = 0; tries < 100 && !(existsSync(pid) && readFileSync(pid, 'utf8') !== ''); tries += 1)
      await delay(50);
    await delay(200);
  };
  await start();
  return {
    port,
    include,
    pid,
    other,
    // As an unprivileged login finds it: by name, through the search path.
    test: ['nginx', '-c', conf, '-t'],
    reload: ['nginx', '-c', conf, '-s', 'reload'],
    start,
    stop,
    [Symbol.asyncDispose]: async () => {
      await stop();
    },
  };
}

/** An HTTP server in place of a node. */
export function listenAs(address: string, port: number, answer: RequestListener): Promise<Server> {
  const server = createServer(answer);
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, address, () => resolve(server));
  });
}
