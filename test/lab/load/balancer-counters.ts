import type { Lab } from '../lab.ts';
import { hostsOf } from '../plan/lab-file.ts';

/** A balancer's counters of errors between a client and a server. */
const troubleCounters = ['wretr', 'wredis', 'econ', 'eresp', 'cli_abrt', 'srv_abrt'] as const;

/** Totals by `lb-1 gateways/gw-1 econ`. */
export type Counted = Readonly<Record<string, number>>;

/** The counters of the gateways' servers on all balancers; empty with nginx, which counts nothing. */
export async function balancerCounters(lab: Lab): Promise<Counted> {
  return counted(lab, (row) => troubleCounters.map((name) => [` ${name}`, row[name]]));
}

/** Requests and connections that run at a gateway now, by `lb-1 gateways/gw-1`. */
export const runningSessions = (lab: Lab): Promise<Counted> => counted(lab, ({ scur }) => [['', scur]]);

async function counted(
  lab: Lab,
  of: (row: Readonly<Record<string, string>>) => readonly (readonly [name: string, value: string | undefined])[],
): Promise<Counted> {
  if (lab.file.balancer !== 'haproxy') return {};
  const all = await Promise.all(
    hostsOf(lab.file, 'load_balancer').map(async (balancer) => {
      const { out } = await lab.exec(balancer, "echo 'show stat' | socat - UNIX:/run/haproxy/admin.sock");
      return serverRows(out).flatMap((row) =>
        of(row).map(([name, value]) => [`${balancer} ${row.pxname}/${row.svname}${name}`, Number(value)] as const),
      );
    }),
  );
  return Object.fromEntries(all.flat());
}

/** The increase since then; a reloaded balancer starts again at 0. */
export function risen(before: Counted, after: Counted): Counted {
  const rises = Object.entries(after).map(([name, value]) => {
    const was = before[name] ?? 0;
    return [name, value < was ? value : value - was] as const;
  });
  return Object.fromEntries(rises.filter(([, by]) => by !== 0));
}

/** CSV without quoted commas; the first line, after `# `, names the columns. */
function serverRows(text: string): readonly Readonly<Record<string, string>>[] {
  const [head = '', ...lines] = text.trim().split('\n');
  const names = head.replace(/^# /, '').split(',');
  return lines
    .map((line) => Object.fromEntries(line.split(',').map((value, at) => [names[at] ?? '', value])))
    .filter(({ pxname = '', svname = '' }) => /^(gateways|edge)/.test(pxname) && /^(gw|edge)-/.test(svname));
}
