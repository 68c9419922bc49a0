import { daysLeft } from '../../api7/checks/certificates.ts';
import { typedLine } from '../../core/base/argv.ts';
import { safeText } from '../../core/base/safe-text.ts';
import { count, type Paint } from '../../render/lines/paint.ts';
import { type Cell, type TableOptions, tableLines } from '../../render/lines/table.ts';
import { errorLines, holder } from '../lb/table.ts';
import type { HostReport, ServiceReport, StatusReport } from './report.ts';

const COLUMNS = [
  { title: 'HOST' },
  { title: 'SERVICE' },
  { title: 'VERSION' },
  { title: 'CONTAINER' },
  { title: 'HEALTH' },
  { title: 'TRAFFIC' },
  { title: 'SESSIONS', right: true },
  { title: 'HELD BY' },
];

/** `status` for people: a row for each service, then errors, and last the summary. `file`: the inventory. */
export function statusLines(report: StatusReport, options: TableOptions, file = 'INVENTORY'): readonly string[] {
  const { paint } = options;
  const now = new Date(report.at);
  const rows = report.hosts.flatMap((host) => rowsOf(host, now));
  return [
    ...tableLines(COLUMNS, rows, options),
    ...certificateLines(report, now, options),
    ...adoptionLines(report, file),
    ...report.errors.flatMap((error) => ['', ...errorLines(error, paint)]),
    '',
    closing(report, paint),
  ];
}

const CERTIFICATE_COLUMNS = [{ title: 'CERTIFICATE' }, { title: 'VALID UNTIL' }];

function certificateLines({ certificates }: StatusReport, now: Date, options: TableOptions): readonly string[] {
  if (certificates.length === 0) return [];
  const rows = certificates.map(({ place, validUntil }) => [place, expiryCell(validUntil, now)]);
  return ['', ...tableLines(CERTIFICATE_COLUMNS, rows, options)];
}

function adoptionLines({ hosts }: StatusReport, file: string): readonly string[] {
  const command = (...words: readonly string[]): string => typedLine(['api7-orch', ...words, '-i', file]);
  const lines = hosts.flatMap(({ host, services }) =>
    services.flatMap(({ service, adoption }) => [
      ...(adoption?.underWay === undefined
        ? []
        : [
            `${host}: the adoption of ${service} is at ${adoption.underWay}; to finish it: ${command('run', 'install', '--adopt')}`,
          ]),
      ...(adoption?.kept ?? []).map((name) => `${host}: ${safeText(name)} is kept since its adoption`),
    ]),
  );
  const isKept = hosts.some(({ services }) => services.some(({ adoption }) => (adoption?.kept ?? []).length > 0));
  return lines.length === 0
    ? []
    : ['', ...lines, ...(isKept ? [`to remove what is kept: ${command('adopt', 'forget')}`] : [])];
}

function expiryCell(validUntil: string | null, now: Date): Cell {
  if (validUntil === null) return { text: 'not readable', color: 'red' };
  const day = validUntil.slice(0, 10);
  const days = daysLeft(Date.parse(validUntil), now);
  if (days === undefined) return day;
  if (days < 0) return { text: `${day}, expired`, color: 'red' };
  return { text: `${day}, in ${count(days, 'day')}`, color: 'yellow' };
}

const rowsOf = ({ host, services }: HostReport, now: Date): readonly (readonly Cell[])[] =>
  services.map((service) => [
    host,
    service.service,
    service.version ?? '-',
    containerCell(service),
    answerCell(service),
    trafficCell(service),
    sessionsOf(service),
    heldBy(service, now),
  ]);

function containerCell({ state, restarts, exitCode, error }: ServiceReport): Cell {
  if (error !== undefined) return { text: error.code, color: 'red' };
  const times = restarts > 0 ? `, ${count(restarts, 'restart')}` : '';
  if (state === 'running') return { text: `${state}${times}`, color: 'green' };
  if (state === 'exited' || state === 'dead') return { text: `${state} (${exitCode})`, color: 'red' };
  return { text: `${state}${times}`, color: 'red' };
}

function answerCell({ answers: [health, ready] }: ServiceReport): Cell {
  if (health === undefined) return '-';
  if (health.status === null) return { text: 'no response', color: 'red' };
  if (health.status !== 200) return { text: `HTTP ${health.status}`, color: 'red' };
  if (ready === undefined || ready.status === 404) return { text: 'ok', color: 'green' };
  return ready.status === 200 ? { text: 'ready', color: 'green' } : { text: 'not ready', color: 'yellow' };
}

function trafficCell({ traffic, notAsked }: ServiceReport): Cell {
  const words = new Set(
    traffic.flatMap((one) => ('error' in one ? ['unknown'] : one.servers.map(({ state }) => state))),
  );
  if (words.size === 0) return notAsked.length > 0 ? 'unmanaged' : '-';
  const text = [...words].join(', ');
  return { text, color: text === 'up' ? 'green' : text === 'down' ? 'red' : 'yellow' };
}

/** Sum over all its balancers. */
function sessionsOf({ traffic }: ServiceReport): string {
  const counted = traffic.flatMap((one) => ('error' in one ? [] : (one.sessions ?? [])));
  return counted.length === 0 ? '-' : String(counted.reduce((sum, sessions) => sum + sessions, 0));
}

function heldBy({ traffic }: ServiceReport, now: Date): string {
  const holders = traffic.flatMap((one) => {
    const text = 'error' in one ? '-' : holder(one, now, { brief: true });
    return text === '-' ? [] : [text];
  });
  return [...new Set(holders)].join('; ') || '-';
}

function closing({ hosts, errors }: StatusReport, paint: Paint): string {
  const bad = hosts.filter(({ healthy, error }) => !healthy && error === undefined).length;
  const gone = hosts.filter(({ error }) => error !== undefined).length;
  const parts = [
    ...(bad > 0 ? [`${bad} of ${count(hosts.length, 'host')}`] : []),
    ...(gone > 0 ? [`${gone} unreachable`] : []),
    ...(errors.length > gone ? ['status incomplete, see the errors above'] : []),
  ];
  return parts.length === 0
    ? paint('green', `OK: ${count(hosts.length, 'host')} healthy`)
    : paint('red', `UNHEALTHY: ${parts.join('; ')}`);
}
