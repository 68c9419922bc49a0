import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { commandDriver } from '../../src/lb/command/command.ts';
import { nginx } from '../../src/lb/nginx/nginx.ts';
import { FakeHost } from '../../src/testing/fake-host.ts';

/** Commands run here. */
const host = new FakeHost({
  name: 'lb-1',
  command: (command) => {
    const [program = '', ...words] = 'argv' in command ? command.argv : [];
    return { stdout: execFileSync(program, words, { encoding: 'utf8' }) };
  },
});

const files = { include: '/etc/nginx/gateways.conf', pid: '/run/nginx.pid' };

test('a balancer whose commands its host has takes orders', async () => {
  const own = { pool: 'gateways', host: 'lb-1' };
  const nginxOf = nginx({ ...own, ...files, test: ['sh', '-t'], reload: ['/bin/sh', '-s', 'reload'] });
  expect(await nginxOf.readOnly?.(host)).toBeUndefined();
  const hooks = { status: ['sh'], drain: ['cat', 'x'], restore: ['/bin/sh'] };
  expect(await commandDriver({ ...own, hooks }).readOnly?.(host)).toBeUndefined();
});

test('missing commands are named, with their line in the inventory', async () => {
  const own = { pool: 'gateways', host: 'lb-1' };
  const nginxOf = nginx({ ...own, ...files, test: ['sh'], reload: ['/no/such/nginx', '-s', 'reload'] });
  expect(await nginxOf.readOnly?.(host)).toMatchObject({
    code: 'LB_COMMAND_MISSING',
    message: 'gateways on lb-1: /no/such/nginx: no such command on lb-1',
    hint: expect.stringContaining('load_balancers.gateways.test or .reload'),
  });
  const hooks = { status: ['sh'], drain: ['no-such-hook'], restore: ['no-such-hook', '-x'], close: ['-n'] };
  expect(await commandDriver({ ...own, hooks }).readOnly?.(host)).toMatchObject({
    message: 'gateways on lb-1: no-such-hook, -n: no such command on lb-1',
    hint: expect.stringContaining('load_balancers.gateways.hooks'),
  });
});
