import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { sshConfig } from '../../src/transport/ssh-config.ts';
import { resolveTarget } from '../../src/transport/ssh-destination.ts';
import { describeReader, directory, file, read } from '../support/ssh-config-cases.ts';

describeReader('own');

test.each([
  ['Match exec "touch RAN"', 'Match exec'],
  ['Match host gw exec "touch RAN"', 'Match exec'],
  ['Match final all', 'Match final'],
])('without OpenSSH, %s is neither run nor passed over in silence', async (line, named) => {
  const ran = join(directory, 'ran');
  const { target, warnings } = await read('own', `${line.replace('RAN', ran)}\n  Port 3\n`, { address: 'gw' });
  expect(target.port).toBe(22);
  expect(warnings).toEqual([expect.stringContaining(named)]);
  expect(existsSync(ran)).toBe(false);
  const other = await read('own', `Match host b exec "true"\n  Port 3\nHost *\n  Port 4\n`, { address: 'gw' });
  expect(other).toMatchObject({ target: { port: 4 }, warnings: [] });
});

test('without OpenSSH, names are not completed, and that is told', async () => {
  const { target, warnings } = await read('own', 'CanonicalizeHostname yes\nCanonicalDomains example.com\n', {
    address: 'gw',
  });
  expect(target.address).toBe('gw');
  expect(warnings).toEqual([expect.stringContaining('CanonicalizeHostname')]);
});

test('without a client in the PATH the configuration is read all the same', async () => {
  const path = process.env.PATH;
  process.env.PATH = directory;
  try {
    const target = await resolveTarget('gw-1', { address: 'gw', config: file('Host gw\n  Port 3\n') }, sshConfig());
    expect(target.port).toBe(3);
  } finally {
    process.env.PATH = path;
  }
});
