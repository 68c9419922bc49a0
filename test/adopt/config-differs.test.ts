import { expect, test } from 'vitest';
import { configDiffers } from '../../src/adopt/config-differs.ts';
import type { PlainYaml } from '../../src/tasks/yaml-file/yaml-value.ts';

const OURS = {
  apisix: { status: { ip: '0.0.0.0', port: 7085 }, ssl: { enable: true } },
  nginx_config: { worker_shutdown_timeout: '240s' },
};

const CONTROL_PLANE = { server: { listen: { port: 17_900 }, tls: { disable: false, host: '0.0.0.0', port: 7943 } } };

test.each<[string, PlainYaml, PlainYaml, readonly string[]]>([
  ['the same', OURS, OURS, []],
  ['another status block', { ...OURS, apisix: { ...OURS.apisix, status: { port: 1 } } }, OURS, []],
  ['no status block, and the default that adoption writes', { apisix: { ssl: { enable: true } } }, OURS, []],
  [
    'another shutdown time-out',
    { ...OURS, nginx_config: { worker_shutdown_timeout: '10s' } },
    OURS,
    ['nginx_config.worker_shutdown_timeout'],
  ],
  [
    'a time-out of the inventory that is not the default',
    { apisix: { ssl: { enable: true } } },
    { ...OURS, nginx_config: { worker_shutdown_timeout: '10s' } },
    ['nginx_config'],
  ],
  ['another value', { ...OURS, apisix: { ssl: { enable: false } } }, OURS, ['apisix.ssl.enable']],
  ['a key more', { ...OURS, deployment: {} }, OURS, ['deployment']],
  [
    'no bound for the life of connections',
    { database: { dsn: 'x' } },
    { database: { dsn: 'x', max_lifetime: '1h' } },
    [],
  ],
  [
    'another bound',
    { database: { max_lifetime: '5m' } },
    { database: { max_lifetime: '1h' } },
    ['database.max_lifetime'],
  ],
  ['TLS that is on by default', { server: { listen: { port: 7900 } } }, CONTROL_PLANE, []],
  ['TLS that is switched off', { server: { tls: { disable: true } } }, CONTROL_PLANE, ['server.tls.disable']],
  [
    'no certificate where the inventory has one',
    {},
    { server: { tls: { disable: false, cert_file: '/x' } } },
    ['server'],
  ],
  ['an empty setting', { apisix: { ssl: { enable: true } }, plugins: null }, OURS, []],
  [
    'a key that every object has',
    JSON.parse('{"__proto__":{"a":1},"apisix":{"ssl":{"enable":true}}}'),
    OURS,
    ['__proto__.a'],
  ],
  ['no block at all', 'text', OURS, ['its form']],
])('%s', (_, now, wanted, paths) => {
  expect(configDiffers(now, wanted)).toEqual(paths);
});
