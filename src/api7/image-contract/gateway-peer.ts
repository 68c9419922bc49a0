import { CONTROL_API } from './gateway-terms.ts';
import type { TrialContainer } from './trial.ts';

/** Ports of the peer, in the network that it shares with the gateway. */
export const PEER_PORTS = { controlPlane: 27_900, door: 27_901 } as const;

/** What the door itself returns. */
export const DOOR_PATH = '/door';

const TEMPORARY = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
  .map((name) => `${name}_temp_path /tmp/peer-${name};`)
  .join(' ');

/**
 * Configuration of nginx. To the gateway it is a control plane that has no configuration, in the words of etcd: without one that
 * responds a gateway does not start. To the host it is a door to the control API, which listens on the loopback address alone.
 * The user matters only in an image that runs as root: nginx would ask for one that the image may not have.
 */
const CONFIG = `user root;
worker_processes 1;
pid /tmp/peer.pid;
error_log stderr warn;
events { worker_connections 64; }
http {
  access_log off; ${TEMPORARY}
  default_type application/json;
  server {
    listen 127.0.0.1:${PEER_PORTS.controlPlane};
    location = /version { return 200 '{"etcdserver":"3.5.0","etcdcluster":"3.5.0"}'; }
    location /v3/ { return 200 '{"header":{"revision":"1"},"count":"0"}'; }
    location / { return 404 '{}'; }
  }
  server {
    listen 0.0.0.0:${PEER_PORTS.door};
    location = ${DOOR_PATH} { return 200 '{}'; }
    location = ${CONTROL_API.path} { proxy_pass http://${CONTROL_API.address}:${CONTROL_API.port}; }
    location / { return 404 '{}'; }
  }
}
`;

/** The peer runs the nginx of the gateway's own image: nothing else is needed on the host. */
export const gatewayPeer = (ports: readonly number[]): TrialContainer => ({
  entrypoint: ['sh'],
  cmd: [
    '-c',
    `PATH="$PATH:/usr/sbin:/usr/local/openresty/bin:/usr/local/openresty/nginx/sbin"
printf '%s' "$PEER_CONFIG" >/tmp/peer.conf
for nginx in nginx openresty; do
  command -v "$nginx" >/dev/null && exec "$nginx" -p /tmp/ -c /tmp/peer.conf -g 'daemon off;'
done
echo 'neither nginx nor openresty is in it' >&2
exit 127`,
  ],
  env: { PEER_CONFIG: CONFIG },
  ports: [...ports, PEER_PORTS.door],
});
