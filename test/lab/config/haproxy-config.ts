import type { LabFile } from '../plan/lab-file.ts';
import { membersOf, type Pool, poolsOf } from '../plan/pools.ts';

/** The configuration of a load balancer: it retries nothing and redispatches nothing, so that it hides no error. */
export function haproxyConfig(lab: LabFile): string {
  return [top, ...poolsOf(lab).map((pool) => section(pool, lab))].join('\n');
}

// hard-stop-after: an old worker may finish a long download after a reload. idle-close-on-response: it closes a kept connection
// with its next response, and not just as the client sends on it.
const top = `global
  nbthread 1
  maxconn 4000
  user haproxy
  group haproxy
  stats socket /run/haproxy/admin.sock mode 600 level admin expose-fd listeners
  hard-stop-after 5m
  log stdout format raw local0 notice

defaults
  mode http
  log global
  timeout connect 2s
  timeout client 300s
  timeout server 300s
  timeout check 1s
  timeout queue 2s
  retries 0
  option idle-close-on-response
  no option redispatch
  default-server inter 500ms fall 3 rise 2

listen stats
  bind :8404
  stats enable
  stats uri /
  stats refresh 5s
`;

function section(pool: Pool, lab: LabFile): string {
  const { name, mode, port, check } = pool;
  const servers = membersOf(lab, pool).map(
    ([host, address]) => `  server ${host} ${address} check port ${check.port}\n`,
  );
  const tcp = mode === 'tcp' ? '  mode tcp\n' : '';
  return `frontend ${name}_in
${tcp}  bind :${port}
  default_backend ${name}

backend ${name}
${tcp}  balance roundrobin
  option httpchk GET ${check.path}
${servers.join('')}`;
}
