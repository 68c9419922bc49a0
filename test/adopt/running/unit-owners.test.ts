import { execFile } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { containerUnits } from '../../../src/adopt/running/unit-owners.ts';
import type { Command, RunResult } from '../../../src/core/host/connection.ts';
import { temporaryDirectory } from '../../support/base/temporary-directory.ts';

const UNIT = `[Service]
ExecStartPre=-/usr/bin/docker rm -f %N
ExecStart=/usr/bin/docker run --name %N \\
  -p 9080:9080 api7/api7-ee-3-gateway:3.10.5
Restart=always
`;

const here = {
  test: async (command: Command): Promise<RunResult> => {
    const script = 'script' in command ? command.script : '';
    const { stdout, stderr } = await promisify(execFile)('sh', ['-c', script]);
    return { code: 0, signal: null, stdout, stderr };
  },
};

test('a real shell finds the units that run Docker, in every directory, with all of their words', async () => {
  const root = temporaryDirectory('units');
  const put = (path: string, text: string): void => {
    mkdirSync(join(root, path, '..'), { recursive: true });
    writeFileSync(join(root, path), text);
  };
  put('/etc/systemd/system/api7 gateway.service', UNIT);
  put('/usr/lib/systemd/system/web.service', 'ExecStart=/usr/bin/podman start -a web');
  put('/etc/systemd/system/other.service', 'Description=docker\nExecStart=/bin/true\n');
  put('/etc/systemd/system/gone.service.released', UNIT);
  const units = await containerUnits(here, root);
  expect(units.map(({ path }) => path).sort()).toEqual([
    `${root}/etc/systemd/system/api7 gateway.service`,
    `${root}/usr/lib/systemd/system/web.service`,
  ]);
  const [gateway] = units.filter(({ path }) => path.includes('gateway'));
  expect([...(gateway?.words ?? [])]).toEqual(expect.arrayContaining(['api7/api7-ee-3-gateway:3.10.5', '9080:9080']));
});

test('a host without units has none', async () => {
  expect(await containerUnits(here, temporaryDirectory('units'))).toEqual([]);
});
