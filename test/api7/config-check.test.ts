import { spawnSync } from 'node:child_process';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { GATEWAY_CONFIG_CHECK } from '../../src/api7/config-check.ts';
import { temporaryDirectory } from '../support/base/temporary-directory.ts';

const directory = temporaryDirectory('check');

/** Runs the check where the command `apisix` behaves like this. */
function check(commands: { readonly init: string; readonly test: string }) {
  const apisix = join(directory, 'apisix');
  writeFileSync(apisix, `#!/bin/sh\ncase $1 in\ninit) ${commands.init} ;;\ntest) ${commands.test} ;;\nesac\n`);
  chmodSync(apisix, 0o755);
  const { status, stdout, stderr } = spawnSync('sh', ['-c', GATEWAY_CONFIG_CHECK], {
    env: { PATH: `${directory}:${process.env.PATH}` },
    encoding: 'utf8',
  });
  return { status, printed: stdout + stderr };
}

const SNIPPET = 'nginx: [emerg] unknown directive "porxy_pass" in /usr/local/apisix/conf/nginx.conf:90';
const NAME = 'nginx: [emerg] host not found in upstream "collector" in /usr/local/apisix/conf/nginx.conf:90';

test.each([
  ['what both accept is accepted', { init: 'exit 0', test: 'echo successful; exit 0' }, 0, ''],
  ['what init refuses is refused', { init: 'echo expected int; exit 1', test: 'exit 0' }, 1, 'expected int'],
  ['what nginx refuses is refused', { init: 'exit 0', test: `echo '${SNIPPET}' >&2; exit 1` }, 1, SNIPPET],
  ['a name that only its network knows is accepted', { init: 'exit 0', test: `echo '${NAME}' >&2; exit 1` }, 0, NAME],
  ['without the command, init decides', { init: 'exit 0', test: 'echo invalid argument: test; exit 0' }, 0, ''],
])('a configuration for a gateway: %s', (_, commands, status, printed) => {
  const ended = check(commands);
  expect({ status: ended.status, printed: ended.printed.trim() }).toEqual({ status, printed });
});
