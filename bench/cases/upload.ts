import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createReadStream, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { build } from 'rolldown';
import config from '../../rolldown.config.ts';
import { timed } from '../command.ts';
import type { Bench, Case } from '../context.ts';
import { medianOf, type Outcome, takeTurns } from '../measure.ts';

const BYTES = 400_000_000;

/** One file of 400 MB to one host and to eight at once, into memory and onto the disk. */
export const upload: Case = {
  name: 'upload',
  title: 'one file of 400 MB',
  async run(bench) {
    const fleet = await bench.fleet();
    const local = join(mkdtempSync('/dev/shm/api7-orch-bench-'), 'payload');
    bench.undo(() => rmSync(resolve(local, '..'), { recursive: true, force: true }));
    spawnSync('sh', ['-c', `head -c ${BYTES} /dev/urandom > '${local}'`]);
    const sha256 = await digestOf(local);
    const memory = mkdtempSync('/dev/shm/api7-orch-bench-');
    bench.undo(() => rmSync(memory, { recursive: true, force: true }));
    const disk = join(fleet.sshd.home, 'uploads');
    mkdirSync(disk, { recursive: true });
    for (const into of [memory, disk]) spawnSync('chown', [`${fleet.sshd.user}:`, into]);
    const transport = await builtTransport();
    const outcomes: Outcome[] = [];
    // Eight times 400 MB onto a disk measure the disk.
    for (const [place, into] of [
      ['memory', memory],
      ['disk', disk],
    ] as const)
      for (const count of [1, 8])
        if (place === 'memory' || count === 1)
          outcomes.push(await uploads(bench, { transport, place, into, count, local, sha256 }));
    return { rows: outcomes.flatMap(({ rows }) => rows), verdicts: outcomes.flatMap(({ verdicts }) => verdicts) };
  },
};

interface Work {
  /** Path of the module. */
  readonly transport: string;
  readonly place: string;
  readonly into: string;
  readonly count: number;
  readonly local: string;
  readonly sha256: string;
}

async function uploads(bench: Bench, { transport, place, into, count, local, sha256 }: Work): Promise<Outcome> {
  const fleet = await bench.fleet();
  const hosts = fleet.hosts(count);
  const { user, identityFile, knownHosts } = fleet.sshd;
  const inventory = fleet.inventory(count, { name: `upload-${place}`, vars: { into, payload: local } });
  const job = join(bench.work, `upload-${place}-${count}.json`);
  const to = hosts.map(({ name, address }) => ({ name, address, remote: join(into, name) }));
  writeFileSync(
    job,
    JSON.stringify({ transport, user, port: fleet.port, identityFile, knownHosts, local, sha256, hosts: to }),
  );
  const scp = ['scp', '-q', ...fleet.sshOptions, '-P', String(fleet.port), local, `${user}@{}`];
  const lines = to.map(({ address, remote }) => `${address}:${remote}\n`).join('');
  const book = resolve(import.meta.dirname, '../playbooks/one-file.ts');
  const clear = (): void => {
    for (const entry of readdirSync(into)) rmSync(join(into, entry), { recursive: true });
  };
  const whole = async (): Promise<void> => {
    for (const { remote } of to)
      if (statSync(remote).size !== BYTES || (await digestOf(remote)) !== sha256)
        throw new Error(`${remote} is damaged`);
    clear();
  };
  const named = (who: string): string => `${who}, to ${count} host${count === 1 ? '' : 's'}, ${place}`;
  const turn = (who: string, words: readonly string[], stdin = '') => ({
    who: named(who),
    before: clear,
    run: () => timed(words, { stdin }),
    after: whole,
  });
  const rows = await takeTurns(bench.rounds(5, 2), [
    turn('scp', ['xargs', `-P${count}`, '-I{}', ...scp], lines),
    turn('upload by the transport', [...bench.floor('upload'), job]),
    turn('api7-orch run', [...bench.orch, 'run', book, '-i', inventory]),
  ]);
  const throughput = medianOf(rows, named('scp')) / medianOf(rows, named('upload by the transport'));
  return {
    rows,
    verdicts: [{ claim: named("throughput, to scp's"), value: throughput, wanted: 0.85, sense: 'at least', unit: '×' }],
  };
}

/** The transport alone, built like the package. */
async function builtTransport(): Promise<string> {
  const dir = resolve(import.meta.dirname, '../../.cache/bench/transport');
  const input = { ssh: resolve(import.meta.dirname, '../../src/transport/ssh/ssh.ts') };
  await build({ ...config, input, output: { dir, cleanDir: true } });
  return join(dir, 'ssh.js');
}

async function digestOf(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) hash.update(chunk);
  return hash.digest('hex');
}
