import type { LabFile } from '../plan/lab-file.ts';
import { membersOf, type Pool, pools } from '../plan/pools.ts';
import { balancerPorts } from '../plan/topology.ts';

/** The file with the `server` lines of a pool; the two pools of gateways share one. */
export function serversFile(pool: Pool): string {
  return `/etc/nginx/api7-orch/${pool.members === 'data_plane' ? 'gateways' : pool.name}.conf`;
}

/**
 * The files of a load balancer that runs nginx. It sends no request to another member, so that it hides no error, but skips a
 * failed member for a while, which is its only health check.
 */
export function nginxFiles(lab: LabFile): Readonly<Record<string, string>> {
  const http = pools.filter(({ mode }) => mode === 'http');
  const tcp = pools.filter(({ mode }) => mode === 'tcp');
  const servers = http.map((pool) => [
    serversFile(pool),
    membersOf(lab, pool)
      .map(([, address]) => `server ${address} max_fails=1 fail_timeout=5s;\n`)
      .join(''),
  ]);
  return {
    ...Object.fromEntries(servers),
    '/etc/nginx/nginx.conf': `user www-data;
worker_processes 1;
pid /run/nginx.pid;
error_log stderr notice;
include /etc/nginx/modules-enabled/*.conf;
events { worker_connections 4000; }
http {
  access_log off;
  proxy_http_version 1.1;
  proxy_set_header Host $http_host;
  proxy_set_header Upgrade $http_upgrade;
  proxy_set_header Connection $for_member;
  proxy_connect_timeout 2s;
  proxy_read_timeout 300s;
  proxy_buffering off;
  proxy_next_upstream off;
  map $http_upgrade $for_member { default upgrade; '' ''; }
  server { listen ${balancerPorts.stats}; location / { stub_status; } }
${http.map((pool) => section(pool, `location / { proxy_pass http://${pool.name}; }`)).join('')}}
stream {
  proxy_connect_timeout 2s;
  proxy_timeout 300s;
  proxy_next_upstream off;
${tcp.map((pool) => section(pool, `proxy_pass ${pool.name};`)).join('')}}
`,
  };
}

function section(pool: Pool, pass: string): string {
  const keepalive = pool.mode === 'http' ? ' keepalive 32;' : '';
  return `  upstream ${pool.name} { include ${serversFile(pool)};${keepalive} }
  server { listen ${pool.port}; ${pass} }
`;
}
