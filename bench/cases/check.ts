import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { timed } from '../command.ts';
import type { Bench, Case } from '../context.ts';
import { startFleet } from '../fleet.ts';
import { medianOf, type Outcome, takeTurns } from '../measure.ts';

const HOSTS = 50;
const WANTED_MS = 2000;

/** `check` and `status` on 50 gateway hosts that share one Docker Engine. `exec true` shows the time of the handshakes. */
export const check: Case = {
  name: 'check',
  title: '`check` and `status` of 50 gateway hosts, beside `exec true`',
  async run(bench) {
    const inventory = await gatewayHosts(bench);
    const orch = (...words: readonly string[]) => [...bench.orch, ...words, '-i', inventory];
    const rows = await takeTurns(bench.rounds(5, 3), [
      { who: 'exec true', run: () => timed([...orch('exec', 'all'), '--', 'true']) },
      // Nothing is installed on these hosts, so each report has findings: exit code 2.
      { who: 'status', run: () => timed(findingsAllowed(orch('status'))) },
      { who: 'check', run: () => timed(findingsAllowed(orch('check'))) },
    ]);
    const beside = (who: string): number => medianOf(rows, who) - medianOf(rows, 'exec true');
    const verdicts: Outcome['verdicts'] = ['status', 'check'].map((who) => ({
      claim: `${who} beyond exec true`,
      value: beside(who),
      wanted: WANTED_MS,
      sense: 'at most',
      unit: 'ms',
    }));
    return { rows, verdicts };
  },
};

/** An inventory with each host of the fleet as a gateway. Its user may open the Docker socket of this machine. */
async function gatewayHosts(bench: Bench): Promise<string> {
  // A fleet of its own: every host lists the sockets of the whole fleet.
  const fleet = await startFleet(HOSTS);
  bench.undo(async () => fleet[Symbol.asyncDispose]());
  execFileSync('usermod', ['-aG', 'docker', fleet.sshd.user]);
  const path = fleet.inventory(HOSTS, { name: 'gateways' });
  const names = fleet.hosts(HOSTS).map(({ name }) => name);
  const groups = `groups:\n  data_plane: { hosts: [${names.join(', ')}] }\n`;
  writeFileSync(path, `${readFileSync(path, 'utf8')}${groups}`);
  return path;
}

const findingsAllowed = (words: readonly string[]): readonly string[] => [
  'sh',
  '-c',
  '"$@" || [ $? -eq 2 ]',
  'sh',
  ...words,
];
