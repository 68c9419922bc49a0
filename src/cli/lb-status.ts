import { systemClock } from '../core/clock.ts';
import { redactData } from '../core/redact.ts';
import { loadInventory } from '../inventory/load.ts';
import { selectHosts } from '../inventory/select.ts';
import { paintFor } from '../render/paint.ts';
import { sinkOf } from '../render/sink.ts';
import { lookAtSeats, seatsOf } from './lb-look.ts';
import { poolsReport } from './lb-report.ts';
import { type LookFlags, looking, type Outside, refuseNoPools, widthOf } from './lb-session.ts';
import { poolsLines } from './lb-table.ts';
import { positiveInteger } from './positive-integer.ts';

/** `api7-orch lb status`: what every balancer shows of every member. @returns 0; 3 when one of them did not tell; 6 */
export async function lbStatus(
  pattern: string,
  flags: LookFlags,
  { stdout = process.stdout, clock = systemClock, ...outside }: Outside = {},
): Promise<number> {
  const inventory = await loadInventory(flags.inventory, { env: process.env, extraVars: {} });
  const chosen = new Set(selectHosts(inventory, pattern).map(({ name }) => name));
  const keeps = (node: string, balancer = ''): boolean => chosen.has(node) || chosen.has(balancer);
  const seats = seatsOf(inventory).filter(({ member, balancer }) => keeps(member.node, balancer.host));
  const forks = positiveInteger('--forks', flags.forks);
  const unspoken = [...inventory.loadBalancers.values()].some(({ members }) => members.some((node) => keeps(node)));
  if (seats.length === 0 && !unspoken) refuseNoPools(inventory, pattern);

  const balancers = [...new Set(seats.map(({ balancer }) => balancer.host))];
  return await looking(inventory, balancers, { flags, ...outside }, async (hosts) => {
    const looked = await lookAtSeats(inventory, seats, { hosts, forks });
    const report = redactData(poolsReport(inventory, looked, { at: new Date(clock.now()), keeps }));
    const out = sinkOf(stdout);
    if (flags.output === 'json') out.write(`${JSON.stringify(report, null, 2)}\n`);
    else out.write(`${poolsLines(report, { paint: paintFor(stdout), width: widthOf(stdout) }).join('\n')}\n`);
    await out.flush();
    return report.errors.length > 0 ? 3 : 0;
  });
}
