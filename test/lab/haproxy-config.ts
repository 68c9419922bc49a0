import type { LabFile } from './lab-file.ts';
import { hostsOf, type Role } from './topology.ts';

interface Pool {
  readonly name: string;
  readonly port: number;
  readonly members: Role;
  readonly check: string;
  readonly checkPort: number;
}

const pools: readonly Pool[] = [
  { name: 'gateways', port: 9080, members: 'data_plane', check: '/status', checkPort: 7085 },
  { name: 'dashboards', port: 17080, members: 'control_plane', check: '/healthz', checkPort: 17080 },
  { name: 'dp_managers', port: 17900, members: 'control_plane', check: '/healthz', checkPort: 17900 },
];

/** The configuration of lb-1: it retries nothing and sends nothing elsewhere, so that it hides no error. */
export function haproxyConfig(hosts: LabFile['hosts']): string {
  return [top, ...pools.map((pool) => section(pool, hosts))].join('\n');
}

const top = `global
  nbthread 1
  maxconn 4000
  user haproxy
  group haproxy
  stats socket /run/haproxy/admin.sock mode 600 level admin expose-fd listeners
  hard-stop-after 30s
  log stdout format raw local0 notice

defaults
  mode http
  log global
  timeout connect 2s
  timeout client 300s
  timeout server 300s
  timeout check 2s
  timeout queue 2s
  retries 0
  no option redispatch
  default-server inter 1s fall 3 rise 2

listen stats
  bind :8404
  stats enable
  stats uri /
  stats refresh 5s
`;

function section({ name, port, members, check, checkPort }: Pool, hosts: LabFile['hosts']): string {
  const servers = hostsOf(members).map(
    (host) => `  server ${host} ${hosts[host].address}:${port} check port ${checkPort}\n`,
  );
  return `frontend ${name}_in
  bind :${port}
  default_backend ${name}

backend ${name}
  balance roundrobin
  option httpchk GET ${check}
${servers.join('')}`;
}
