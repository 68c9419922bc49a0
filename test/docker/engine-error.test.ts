import { expect, test } from 'vitest';
import { engineError } from '../../src/docker/engine-error.ts';

test.each([
  [
    'PORT_TAKEN',
    500,
    'driver failed programming external connectivity on endpoint web (8f1e): Bind for 0.0.0.0:9080 failed: port is already allocated',
    '9080',
  ],
  [
    'PORT_TAKEN',
    500,
    'driver failed programming external connectivity on endpoint web: Error starting userland proxy: listen tcp4 127.0.0.1:9080: bind: address already in use',
    '9080',
  ],
  [
    'PORT_TAKEN',
    500,
    'failed to set up container networking: failed to bind host port 0.0.0.0:9080/tcp: address already in use',
    'port',
  ],
  ['DISK_FULL', 500, 'write /var/lib/docker/tmp/x: no space left on device', 'docker system df'],
  ['IMAGE_MISSING', 404, 'No such image: api7/x:1', 'image task'],
  ['MOUNT_MISSING', 400, 'invalid mount config for type "bind": bind source path does not exist: /srv/x', '/srv/x'],
  ['DOCKER_FAILED', 409, 'Conflict. The container name "/web" is already in use by container "1".', 'correct'],
  ['DOCKER_FAILED', 500, 'OCI runtime create failed: exec: "nope": not found', 'log'],
])('%s is recognized in the text of status %i', (code, status, message, hint) => {
  const error = engineError({ doing: 'start container web', status, message });
  expect(error.code).toBe(code);
  expect(error.message).toContain('start container web');
  expect(error.message).toContain(message);
  expect(error.hint).toContain(hint);
});
