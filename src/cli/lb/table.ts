import { addressWithPort } from '../../core/base/address-text.ts';
import type { ErrorInfo } from '../../core/event/event.ts';
import type { ServerState } from '../../core/host/balancer.ts';
import { type Color, oneLine, type Paint } from '../../render/lines/paint.ts';
import { type Cell, spaced, type TableOptions, tableLines } from '../../render/lines/table.ts';
import type { BalancerEntry, BalancerReport, PoolReport, PoolsReport } from './report.ts';

const STATE_COLORS: Readonly<Record<BalancerEntry['state'], Color>> = {
  up: 'green',
  starting: 'yellow',
  down: 'red',
  drained: 'yellow',
  maintenance: 'yellow',
  mixed: 'yellow',
};

const COLUMNS = [
  { title: 'NODE' },
  { title: 'ADDRESS' },
  { title: 'BALANCER' },
  { title: 'STATE' },
  { title: 'SESSIONS', right: true },
  { title: 'HELD BY' },
];

/** `lb status` for people: a table for each pool, then errors. */
export function poolsLines(report: PoolsReport, options: TableOptions): readonly string[] {
  const { paint } = options;
  const blocks = report.pools.map((pool) => [
    `${paint('bold', `Pool ${pool.name}`)} ${paint('dim', poolHeading(pool))}`,
    ...tableLines(COLUMNS, rowsOf(pool, new Date(report.at)), options),
  ]);
  const strays = report.strays.map(({ host, path }) => `${host}: stray lease ${path}: not a member in this inventory`);
  const errors = report.errors.flatMap((error) => errorLines(error, paint));
  return spaced([...blocks, strays, errors]);
}

function poolHeading({ driver, port, reason }: PoolReport): string {
  const where = port === null ? '' : `, port ${port}`;
  return driver === 'none' ? `(unmanaged${where}): ${oneLine(reason ?? '', 200)}` : `(${driver}${where})`;
}

function rowsOf({ driver, port, members }: PoolReport, now: Date): readonly (readonly Cell[])[] {
  const silent = silentIn(members);
  const rows = members.flatMap(({ node, address, balancers }): readonly (readonly Cell[])[] => {
    const at = port === null ? address : addressWithPort(address, port);
    if (driver === 'none') return [[node, at, '-', '-', '-', '-']];
    return balancers
      .filter(({ host }) => !silent.has(host))
      .map((one) => [node, at, one.host, ...balancerCells(one, now)]);
  });
  return [...rows, ...[...silent].map(([host, error]) => ['-', '-', host, faultCell(error)])];
}

/** Balancers with the same error for every member: printed once, not with each of them. */
function silentIn(members: PoolReport['members']): ReadonlyMap<string, ErrorInfo> {
  const memberViews = members.flatMap(({ balancers }) => balancers);
  return new Map(
    memberViews.flatMap((one) => {
      const same = memberViews.filter(({ host }) => host === one.host);
      if (!('error' in one) || same.length < 2) return [];
      const alike = same.every((other) => 'error' in other && other.error.message === one.error.message);
      return alike ? [[one.host, one.error] as const] : [];
    }),
  );
}

const balancerCells = (one: BalancerReport, now: Date): readonly Cell[] =>
  'error' in one
    ? [faultCell(one.error)]
    : [stateCell(one), one.sessions === null ? '-' : String(one.sessions), holder(one, now)];

const stateCell = ({ state, servers }: BalancerEntry): Cell => ({
  text: state === 'mixed' ? [...new Set(servers.map((server) => server.state))].join(', ') : state,
  color: STATE_COLORS[state],
});

const faultCell = ({ code, message }: ErrorInfo): Cell => ({ text: `${code}: ${message}`, color: 'red' });

const OUT: ReadonlySet<ServerState> = new Set(['drained', 'maintenance']);

/** Who keeps it drained; `brief`: without the reason. */
export function holder({ lease, soaking, held, servers }: BalancerEntry, now: Date, { brief = false } = {}): string {
  if (lease === null && held.length > 0) return 'external';
  if (lease === null) return soaking === undefined ? '-' : `soak not passed, ${ago(soaking, now)}`;
  const lost = servers.some(({ state }) => !OUT.has(state)) ? ' (drain lost)' : '';
  const also = held.length > 0 ? ' (also external)' : '';
  return `${lease.by}, ${ago(lease.at, now)}${brief ? '' : `: ${lease.reason}${also}`}${lost}`;
}

const UNITS = [
  ['d', 86_400],
  ['h', 3600],
  ['m', 60],
  ['s', 1],
] as const;

/** `12m ago`. Clocks may differ slightly: a future time counts as just now. */
export function ago(iso: string, now: Date): string {
  const seconds = Math.floor((now.getTime() - Date.parse(iso)) / 1000);
  const unit = UNITS.find(([, size]) => seconds >= size);
  return unit === undefined ? 'just now' : `${Math.floor(seconds / unit[1])}${unit[0]} ago`;
}

/** One error with its hint. */
export function errorLines({ code, message, hint, host }: ErrorInfo, paint: Paint): readonly string[] {
  return [
    `${paint('red', `${code}${host === undefined ? '' : ` on ${host}`}`)}: ${message}`,
    ...(hint === undefined ? [] : [`  hint: ${hint}`]),
  ];
}
