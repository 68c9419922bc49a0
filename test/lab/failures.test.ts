import { readFile, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { inventoryWith } from './inventory-with.ts';
import type { Lab } from './lab.ts';
import { orch } from './orch.ts';
import { MANAGED, pictures } from './pictures.ts';
import { testLab } from './test-lab.ts';

let lab: Lab;
beforeAll(async () => {
  lab = await testLab();
});
beforeEach(() => lab.reset());
afterAll(() => lab.down());

const installWith = (inventory: string, ...more: readonly string[]) =>
  orch(['run', 'install', '-i', inventory, ...more]);

/** A package path of the inventory, absolute. */
async function packagePath(kind: 'control_plane' | 'data_plane'): Promise<string> {
  const text = await readFile(lab.inventory, 'utf8');
  const [, path = ''] = text.match(new RegExp(`${kind}: (.*tar\\.gz)`)) ?? [];
  return join(lab.directory, path);
}

test('a wrong database password names host, task and the database’s own words, within seconds', async () => {
  await writeFile(join(lab.directory, 'secrets/wrong'), 'nope');
  const file = await inventoryWith(lab, 'wrong-password', (text) =>
    text.replace('secrets/db-password', 'secrets/wrong'),
  );
  const begun = Date.now();
  const run = await installWith(file);
  expect(run.code).toBe(3);
  expect(run.end?.errors).toHaveLength(1);
  expect(run.end?.errors[0]).toMatchObject({
    code: 'CONTAINER_EXITED',
    host: 'cp-1',
    task: expect.stringContaining('17080/healthz'),
  });
  expect(run.stdout).toContain('password authentication failed');
  // Far from the eight minutes that a first start may take.
  expect(Date.now() - begun).toBeLessThan(120_000);
});

test('a missing package is refused before anything is connected to', async () => {
  const file = await inventoryWith(lab, 'no-package', (text) =>
    text.replace(/data_plane: .*tar\.gz/, 'data_plane: nowhere.tar.gz'),
  );
  const run = await installWith(file);
  expect({ code: run.code, end: run.end }).toEqual({ code: 1, end: undefined });
  expect(run.stderr).toMatch(/LOCAL_FILE_MISSING on gw-1, package .*: .*nowhere\.tar\.gz/);
  expect(run.stderr).toContain('to do:');
});

test('a package that is cut short is refused before anything is connected to', async () => {
  const whole = await readFile(await packagePath('data_plane'));
  await writeFile(join(lab.directory, 'short.tar.gz'), whole);
  await truncate(join(lab.directory, 'short.tar.gz'), Math.floor(whole.length / 2));
  const file = await inventoryWith(lab, 'short-package', (text) =>
    text.replace(/data_plane: .*tar\.gz/, 'data_plane: short.tar.gz'),
  );
  const run = await installWith(file);
  expect({ code: run.code, end: run.end }).toEqual({ code: 1, end: undefined });
  expect(run.stderr).toMatch(/PACKAGE_DAMAGED on gw-1, package .*: .*short\.tar\.gz/);
  expect(run.stderr).toContain('to do:');
});

test('a typo in the inventory is refused with its place', async () => {
  const file = await inventoryWith(lab, 'typo', (text) => text.replace('  nofile:', '  nofiles:'));
  const run = await installWith(file);
  expect({ code: run.code, end: run.end }).toEqual({ code: 1, end: undefined });
  expect(run.stderr).toMatch(/typo\.yaml:\d+:\d+: api7\.nofiles: unknown key "nofiles"; did you mean "nofile"\?/);
});

test('an unreachable host refuses the run, and no other host is touched', async () => {
  const before = await pictures(lab, ['cp-1', 'gw-1']);
  const container = lab.docker.getContainer(lab.host('gw-3').container);
  await container.pause();
  try {
    const run = await installWith(lab.inventory);
    expect(run.code).toBe(2);
    expect(run.end?.errors).toHaveLength(1);
    expect(run.end?.errors[0]).toMatchObject({
      code: expect.stringMatching(/^CONNECT_/),
      host: 'gw-3',
      hint: expect.any(String),
    });
    expect(run.end?.hosts['gw-3']).toMatchObject({ unreachable: 1 });
    expect(run.with('changed')).toEqual([]);
  } finally {
    await container.unpause();
  }
  expect(await pictures(lab, ['cp-1', 'gw-1'])).toEqual(before);
});

test('a full disk names host, task, path and what is needed', async () => {
  await lab.exec('gw-2', 'mkdir -p /opt/api7 && mount -t tmpfs -o size=2m tmpfs /opt/api7');
  try {
    const run = await installWith(lab.inventory);
    expect(run.code).toBe(3);
    expect(run.end?.errors).toHaveLength(1);
    expect(run.end?.errors[0]).toMatchObject({
      code: 'DISK_FULL',
      host: 'gw-2',
      task: expect.stringContaining('package'),
      hint: expect.any(String),
    });
  } finally {
    await lab.exec('gw-2', 'umount /opt/api7');
  }
});

test('a limit on open files that the host does not grant is refused before anything is changed', async () => {
  const before = await pictures(lab);
  const file = await inventoryWith(lab, 'nofile', (text) => text.replace(/nofile: \d+/, 'nofile: 2000000000'));
  const run = await installWith(file);
  expect(run.code).toBe(2);
  expect(run.end?.errors[0]).toMatchObject({ code: 'NOFILE_TOO_LOW', hint: expect.stringContaining('api7.nofile') });
  expect(run.with('changed')).toEqual([]);
  expect(await pictures(lab)).toEqual(before);
});

test('a port that another container holds is refused before anything is changed, naming that container', async () => {
  const first = await installWith(lab.inventory, '--limit', 'gw-1');
  // The gateways have no control plane yet: what matters is that the image is there for the stranger below.
  expect(first.code).toBe(3);
  await lab.exec(
    'gw-1',
    'docker rm -f api7-gateway; docker run -d --name stranger -p 9080:80 --entrypoint sh $(docker images -q | head -1) -c "sleep 600"',
  );
  const run = await installWith(lab.inventory);
  expect(run.code).toBe(2);
  expect(run.end?.errors).toHaveLength(1);
  expect(run.end?.errors[0]).toMatchObject({
    code: 'PORT_TAKEN',
    host: 'gw-1',
    message: expect.stringContaining('"stranger"'),
  });
  for (const host of MANAGED) expect(run.end?.hosts[host]?.changed ?? 0).toBe(0);
});

test('a member that the balancer does not know fails the install', async () => {
  const file = await inventoryWith(lab, 'other-port', (text) =>
    text
      .replace('members: control_plane, port: 17080', 'members: control_plane, port: 17080')
      .replace(/(dashboards: .*)socket: \S+,/, '$1socket: /run/haproxy/nowhere.sock,'),
  );
  const run = await installWith(file, '--limit', 'cp-1');
  expect(run.code).toBe(3);
  expect(run.end?.errors[0]).toMatchObject({ host: 'lb-1', code: expect.stringMatching(/^HAPROXY_|^LB_/) });
});

test('exec runs everywhere, prefixes lines, and ends with the worst exit code', async () => {
  const run = await orch([
    'exec',
    'data_plane',
    '-i',
    lab.inventory,
    '--',
    'hostname; [ "$(hostname)" != gw-2 ] || exit 7',
  ]);
  expect(run.code).toBe(7);
  for (const host of ['gw-1', 'gw-2', 'gw-3'])
    expect(run.stdout).toContain(`"host":"${host}","stream":"stdout","line":"${host}"`);
});
