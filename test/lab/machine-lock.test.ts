import { execFile } from 'node:child_process';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { temporaryDirectory } from '../support/base/temporary-directory.ts';
import { downLab, sweepAbandonedLabs } from './down.ts';
import { engine } from './hosts/engine.ts';
import { type LabFile, readLabFile } from './plan/lab-file.ts';
import { label, labelled, owner } from './plan/labels.ts';
import { machineLockPath, withEngineLock } from './plan/machine-lock.ts';
import { labId, planLab } from './plan/plan-lab.ts';
import { ADDRESSES } from './plan/reserve-lab.ts';
import { withLock } from './plan/with-lock.ts';

const script = join(import.meta.dirname, 'plan/reserve.ts');

let root: string;
let directories: readonly string[];
beforeAll(async () => {
  root = temporaryDirectory('lab-reserve');
});
beforeEach(() => {
  directories = [];
});
afterEach(() => Promise.all(directories.map(downLab)));

/**
 * Reserves a lab in a process of its own, which ends; the lab belongs to the owner if there is one, otherwise to that process.
 */
async function reserve(directory: string, ...by: readonly string[]): Promise<LabFile> {
  await promisify(execFile)(process.execPath, [script, directory, ...by]);
  const lab = await readLabFile(directory);
  if (lab === null) throw new Error(`${directory} has no lab`);
  return lab;
}

const ports = (lab: LabFile) => Object.values(lab.hosts).flatMap((host) => Object.values(host.ports));
const quiet = () => {};

test('labs that start at once in processes of their own have different subnets and ports', async () => {
  directories = ['a', 'b', 'c', 'd'].map((name) => join(root, name));
  const self = await owner(process.pid);
  const labs = await Promise.all(directories.map((directory) => reserve(directory, self)));
  expect(new Set(labs.map(({ subnet }) => subnet)).size).toBe(4);
  const all = labs.flatMap(ports);
  expect(all.length).toBeGreaterThan(40);
  expect(new Set(all).size).toBe(all.length);
});

test('a lab without its network keeps free addresses, and drops those that were taken since', async () => {
  directories = ['left', 'other'].map((name) => join(root, name));
  const [left = '', other = ''] = directories;
  const self = await owner(process.pid);
  const was = await reserve(left, self);
  const docker = await engine();
  const [port = 0] = ports(was);
  const server = createServer();
  // Under the lock of all choices: a lab of another test would take the addresses as soon as they are free.
  await withEngineLock(docker, ADDRESSES, async () => {
    await docker.getNetwork(was.network).remove();
    // Another lab takes the first free subnet, so this lab must move if that was its own.
    await docker.createNetwork({
      Name: `${was.network}-taken`,
      Labels: { [label.directory]: other },
      IPAM: { Driver: 'default', Config: [{ Subnet: was.subnet }] },
    });
    await new Promise<void>((resolve, reject) => server.once('error', reject).listen(port, '127.0.0.1', resolve));
    try {
      const now = await planLab(docker, left, {});
      expect(now.subnet).not.toBe(was.subnet);
      expect(ports(now)).not.toContain(port);
      expect(ports(now).filter((one) => ports(was).includes(one))).toHaveLength(ports(was).length - 1);
    } finally {
      await new Promise((resolve) => server.close(resolve));
      await docker.getNetwork(`${was.network}-taken`).remove();
    }
  });
});

test('removes the remains of an ended process, except while another process works on that lab', async () => {
  directories = [join(root, 'remains')];
  const [directory = ''] = directories;
  const id = labId(directory);
  const docker = await engine();
  const networks = async () => (await docker.listNetworks({ filters: labelled(label.lab, id) })).length;
  await withLock(await machineLockPath(id), async () => {
    await reserve(directory);
    await sweepAbandonedLabs(docker, quiet);
    expect(await networks()).toBe(1);
  });
  await sweepAbandonedLabs(docker, quiet);
  expect(await networks()).toBe(0);
});
