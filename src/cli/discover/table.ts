import { count, type Paint } from '../../render/lines/paint.ts';
import { plainRows, type TableOptions } from '../../render/lines/table.ts';
import { bullet, wrapped } from '../../render/lines/wrapped.ts';
import type { DiscoverReport, ShownHost, ShownService, Verdict } from './report.ts';
import { isAdoptable } from './report.ts';

const WIDTH = 100;
const HEADER = ['HOST', 'SERVICE', 'CONTAINER', 'VERSION', 'RESULT'];
const WORDS: Readonly<Record<Verdict, string>> = {
  adoptable: 'will be adopted',
  refused: 'REFUSED',
  managed: 'managed already',
};
const MARGIN = '    ';

/** `discover` for people: what runs where, what keeps it from being adopted, and what is to be done. */
export function discoverLines(report: DiscoverReport, { paint, width }: TableOptions): readonly string[] {
  const { hosts, pools, notes } = report;
  const room = Math.min(width, WIDTH);
  const rows = hosts.flatMap(rowsOf);
  const findings = hosts.flatMap((host) => findingsOf(host));
  return [
    ...table([HEADER, ...rows], paint),
    ...(findings.length === 0 ? [] : ['', ...findings.flatMap((finding) => findingLines(finding, paint, room))]),
    ...certificateLines(hosts),
    ...(pools.length === 0
      ? []
      : ['', ...pools.map(({ name, hosts: on, members, port }) => `pool ${name}: ${on} to ${members}, port ${port}`)]),
    ...(notes.length === 0 ? [] : ['', ...notes.flatMap((note) => bullet(note, room))]),
    '',
    ...closing(report, paint),
  ];
}

const rowsOf = ({ host, error, services, aside, balances }: ShownHost): readonly (readonly string[])[] => {
  if (error !== undefined) return [[host, '-', '-', '-', 'NOT READ']];
  if (services.length === 0 && aside.length === 0)
    return [[host, '-', '-', '-', balances ? 'load balancer' : 'nothing of API7 runs here']];
  return [
    ...services.map(({ service, container, version, verdict }) => [
      host,
      service,
      container,
      version ?? '-',
      WORDS[verdict],
    ]),
    ...aside.map(({ container, why }) => [host, '-', container, '-', `left alone: ${why}`]),
  ];
};

const table = (rows: readonly (readonly string[])[], paint: Paint): readonly string[] =>
  plainRows(rows).map((line) => (/(?:REFUSED|NOT READ)$/.test(line) ? paint('red', line) : line));

interface Finding {
  readonly where: string;
  readonly code: string;
  readonly message: string;
  readonly hint: string | undefined;
}

const findingsOf = ({ host, error, services }: ShownHost): readonly Finding[] => [
  ...(error === undefined ? [] : [{ where: host, code: error.code, message: error.message, hint: error.hint }]),
  ...services.flatMap(({ service, refusals }: ShownService) =>
    refusals.map((refusal) => ({ where: `${host} ${service}`, ...refusal })),
  ),
];

function findingLines({ where, code, message, hint }: Finding, paint: Paint, width: number): readonly string[] {
  const room = width - MARGIN.length;
  return [
    `${paint('red', code)}  ${where}`,
    ...[...wrapped(message, room), ...(hint === undefined ? [] : wrapped(`hint: ${hint}`, room))].map(
      (line) => `${MARGIN}${line}`,
    ),
  ];
}

function certificateLines(hosts: readonly ShownHost[]): readonly string[] {
  const lines = hosts.flatMap(({ host, services }) =>
    services.flatMap(({ service, certificates }) =>
      certificates.map(
        ({ place, validTo }) =>
          `${host} ${service}: certificate ${place} ${validTo === null ? 'is not readable' : `valid until ${validTo.slice(0, 10)}`}`,
      ),
    ),
  );
  return lines.length === 0 ? [] : ['', ...lines];
}

function closing(report: DiscoverReport, paint: Paint): readonly string[] {
  const { hosts, written } = report;
  const services = hosts.flatMap((host) => host.services);
  const of = (verdict: Verdict): number => services.filter((one) => one.verdict === verdict).length;
  const sum = `${count(of('adoptable'), 'service')} will be adopted, ${of('refused')} refused${of('managed') === 0 ? '' : `, ${of('managed')} managed already`}`;
  return [
    ...(written?.problems ?? []).map((problem) => paint('red', problem)),
    isAdoptable(report) ? paint('green', `OK: ${sum}`) : paint('red', `REFUSED: ${sum}`),
    ...(written === undefined
      ? ['write the inventory of it with --out FILE']
      : [`written: ${written.inventory}`, ...(written.secrets === null ? [] : [`secrets: ${written.secrets}`])]),
  ];
}
