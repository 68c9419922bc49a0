import { didYouMean } from '../did-you-mean.ts';
import type { PatternNames } from '../pattern.ts';
import { PORTS } from '../ports.ts';
import type { Problem } from '../problem.ts';
import { matching, mismatch } from './file-groups.ts';
import { fieldsOf, textOf } from './loose.ts';
import { type Published, requestPortsText } from './published-ports.ts';

/** Pool names that the built-in playbooks use. */
const WELL_KNOWN = ['gateways', 'dashboards', 'dp_managers'];

/**
 * Patterns without a match, and mistakes that would silently leave members unchecked: a misspelled name, another port.
 */
export function checkLoadBalancers(
  file: ReadonlyMap<string, unknown>,
  names: PatternNames,
  ports: ReadonlyMap<string, readonly Published[]>,
): readonly Problem[] {
  const balancers = fieldsOf(file.get('load_balancers'));
  const missing = WELL_KNOWN.filter((name) => !balancers.has(name));
  return [...balancers].flatMap(([name, value]): readonly Problem[] => {
    const near = WELL_KNOWN.includes(name) ? undefined : didYouMean(name, missing);
    const misspelt: readonly Problem[] =
      near === undefined
        ? []
        : [
            {
              path: ['load_balancers', name],
              at: 'key',
              message: `looks like a misspelling of "${near}"; write that, or another name`,
            },
          ];
    const fields = fieldsOf(value);
    const unmatched = ['hosts', 'members'].flatMap((field): readonly Problem[] => {
      const pattern = textOf(fields.get(field));
      const message = pattern === undefined ? undefined : mismatch(names, pattern);
      return message === undefined ? [] : [{ path: ['load_balancers', name, field], at: 'value', message }];
    });
    const unserved = unservedBy(name, fields, matching(names, textOf(fields.get('members'))), ports);
    return [...misspelt, ...unmatched, ...unserved];
  });
}

/** A member without a service on its pool's port would be drained and restored, and never get in service. */
function unservedBy(
  pool: string,
  fields: ReadonlyMap<string, unknown>,
  members: readonly string[],
  ports: ReadonlyMap<string, readonly Published[]>,
): readonly Problem[] {
  const port = Number(fields.get('port'));
  if (!fields.has('port') || !Number.isInteger(port)) return [];
  const at = (message: string): readonly Problem[] => [
    { path: ['load_balancers', pool, 'port'], at: 'value', message },
  ];
  const serves = (published: readonly Published[]): boolean =>
    published.some((one) => one.takesRequests && one.protocol === 'tcp' && one.port === port);
  const known = members.flatMap((name) => {
    const published = ports.get(name);
    return published === undefined ? [] : [{ name, published }];
  });
  const all = known.length === 0 ? [...ports.values()] : [];
  const [without] = known.filter(({ published }) => !serves(published));
  if (without !== undefined)
    return at(
      `${without.name} does not publish port ${port} (published: ${requestPortsText(without.published)})${remedy(port)}`,
    );
  if (all.length === 0 || all.some(serves)) return [];
  const [some = []] = all;
  return at(`no service of API7 publishes port ${port} (published: ${requestPortsText(some)})`);
}

/** The settings that are usually missing. */
function remedy(port: number): string {
  if (port === PORTS.dpManager.https) return `; set api7.dp_manager.ports.https: ${port}`;
  if (port === PORTS.dashboard.https) return `; set api7.dashboard.ports.https: ${port}`;
  return '';
}
