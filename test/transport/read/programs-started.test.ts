import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { automationRequest } from '../../../src/transport/read/automation-request.ts';
import { factsRequest } from '../../../src/transport/read/facts.ts';
import { networkRequest } from '../../../src/transport/read/network-request.ts';
import { freeBytesRequest } from '../../../src/transport/read/read-requests.ts';
import { temporaryDirectory } from '../../support/base/temporary-directory.ts';

/** What a host has of the programs that such scripts start, and more of them. */
const PROGRAMS = 'awk cat cut date df dpkg-query expr find grep head id ls readlink sed sort ss stat tr uname wc'.split(
  ' ',
);

let bin = '';

/** A PATH with nothing but programs that write down that they were started. */
beforeEach(() => {
  bin = temporaryDirectory('programs');
  for (const name of PROGRAMS) {
    const real = ['/usr/bin', '/bin', '/usr/sbin', '/sbin'].map((at) => join(at, name)).find(existsSync);
    if (real === undefined) continue;
    writeFileSync(join(bin, name), `#!/bin/sh\necho ${name} >>${bin}/log\nexec ${real} "$@"\n`);
    chmodSync(join(bin, name), 0o755);
  }
});

function startedBy(snippet: string): readonly string[] {
  writeFileSync(join(bin, 'log'), '');
  execFileSync('/bin/sh', ['-c', snippet], { env: { PATH: bin }, stdio: ['ignore', 'ignore', 'ignore'] });
  return readFileSync(join(bin, 'log'), 'utf8').split('\n').filter(Boolean).sort();
}

test('a host starts few programs for a check', () => {
  const facts = startedBy(factsRequest.snippet).filter((name) => name !== 'uname');
  expect(facts).toEqual(['cat', 'date', 'readlink']);
  expect(startedBy(freeBytesRequest('/var/lib/docker').snippet)).toEqual(['df']);
  expect(startedBy(networkRequest().snippet).filter((name) => name !== 'ss' && name !== 'grep')).toEqual([
    'cat',
    'head',
  ]);
  // dpkg-query only where the Engine is a package that something upgrades.
  const automation = startedBy(automationRequest().snippet).filter((name) => name !== 'dpkg-query');
  expect(automation).toEqual(['find', 'grep', 'head']);
});
