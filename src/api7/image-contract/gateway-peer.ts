import { CONTROL_API } from './gateway-terms.ts';
import type { TrialContainer } from './trial.ts';

/** Ports of the peer, in the network that it shares with the gateway. */
export const PEER_PORTS = { controlPlane: 27_900, door: 27_901 } as const;

/** A path that the door itself answers. */
export const DOOR_PATH = '/door';

const TEMPORARY = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
  .map((name) => `${name}_temp_path /tmp/peer-${name};`)
  .join(' ');

/**
 * nginx's configuration. To the gateway it is a control plane without configuration, in etcd's protocol: a gateway
 * starts only if one responds. To the host it is a door to the control API, which listens on the loopback address only.
 * `user` matters only in an image that runs as root: nginx's default user may not exist in the image.
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

/** The peer runs the nginx of the gateway's own image, so the host needs nothing else. */
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
