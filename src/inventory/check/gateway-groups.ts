import type { PatternNames } from '../pattern.ts';
import type { Path, Problem } from '../problem.ts';
import { type Fields, type FileGroup, mismatch } from './file-groups.ts';
import { fieldsOf, isBlock, listOf, textOf, valueIn } from './loose.ts';

const CERTIFICATE = ['cert', 'key', 'ca'];
const OF_CERTIFICATE = [...CERTIFICATE, 'sni'];

/** Gateways in no group or in two, groups without endpoints, and missing or duplicate logins. */
export function checkGatewayGroups(
  file: Fields,
  groups: readonly FileGroup[],
  names: PatternNames,
): readonly Problem[] {
  if (!isBlock(file.get('api7'))) return [];
  const shared = fieldsOf(valueIn(file, ['api7', 'gateway']));
  return [
    ...twoLogins(['api7', 'gateway'], shared),
    ...(file.has('gateway_groups') ? [...patterns(groups, names), ...homes(groups, names)] : []),
    ...once(groups.flatMap((group) => [...endpoints(group), ...logins(group, shared)])),
    ...ownLogins(file, groups, shared),
  ];
}

const LOGIN = ['token', 'cert', 'key'];

/** An error in an own login is reported at the group, else at the shared settings. */
const isOwnLogin = (own: Fields): boolean => LOGIN.some((field) => own.has(field));

/** An error in shared settings is reported once. */
const once = (problems: readonly Problem[]): readonly Problem[] => [
  ...new Map(problems.map((problem) => [JSON.stringify([problem.path, problem.message]), problem])).values(),
];

/** For a missing block, the error is reported at its parent. */
const blockAt = (path: Path, fields: Fields): Path => (path[0] === 'api7' && fields.size === 0 ? ['api7'] : path);

const patterns = (groups: readonly FileGroup[], names: PatternNames): readonly Problem[] =>
  groups.flatMap(({ path, own }): readonly Problem[] => {
    const pattern = textOf(own.get('hosts'));
    const message = pattern === undefined ? undefined : mismatch(names, pattern);
    return message === undefined ? [] : [{ path: [...path, 'hosts'], at: 'value', message }];
  });

/** Each gateway has exactly one group, and each host of a group runs a gateway. */
function homes(groups: readonly FileGroup[], names: PatternNames): readonly Problem[] {
  const gateways = names.groups.get('data_plane') ?? [];
  const homeless = gateways.filter((host) => !groups.some(({ hosts }) => hosts.includes(host)));
  const problems: Problem[] = [];
  if (homeless.length > 0)
    problems.push({
      path: ['gateway_groups'],
      at: 'key',
      message: `${homeless.join(', ')} of data_plane ${homeless.length === 1 ? 'is' : 'are'} in no gateway group; add ${homeless.length === 1 ? 'it' : 'them'} to the hosts of one`,
    });
  for (const [index, { path, hosts }] of groups.entries()) {
    const at = (message: string) => problems.push({ path: [...path, 'hosts'], at: 'value', message });
    const strangers = hosts.filter((host) => !gateways.includes(host));
    if (strangers.length > 0)
      at(`${strangers.join(', ')} ${strangers.length === 1 ? 'is' : 'are'} not in the group data_plane`);
    for (const earlier of groups.slice(0, index)) {
      const both = hosts.filter((host) => earlier.hosts.includes(host));
      if (both.length > 0)
        at(
          `${both.join(', ')} ${both.length === 1 ? 'belongs' : 'belong'} to gateway group "${String(earlier.path.at(-1))}" already`,
        );
    }
  }
  return problems;
}

function endpoints(group: FileGroup): readonly Problem[] {
  if (group.setting('endpoints') !== undefined) return [];
  return [
    {
      path: blockAt(group.path, group.own),
      at: 'key',
      message: 'gateways need endpoints: the addresses at which they reach DP Manager, such as http://10.0.0.10:17900',
    },
  ];
}

function twoLogins(path: Path, fields: Fields): readonly Problem[] {
  const some = OF_CERTIFICATE.find((field) => fields.has(field));
  if (!fields.has('token') || some === undefined) return [];
  const all = OF_CERTIFICATE.filter((field) => fields.has(field)).join(', ');
  return [
    { path: [...path, some], at: 'key', message: `gateways are given both a token and ${all}; keep one of the two` },
  ];
}

/** A group's login: an own method replaces the shared one; trust settings are shared unless given. */
function effective(own: Fields, shared: Fields): Fields {
  const replaces = isOwnLogin(own);
  const trust = ['ca', 'sni'].filter((field) => shared.has(field)).map((field) => [field, shared.get(field)] as const);
  if (own.has('token')) return new Map([['token', own.get('token')]]);
  return new Map([...(replaces ? trust : shared), ...own]);
}

function logins(group: FileGroup, shared: Fields): readonly Problem[] {
  const { path, own } = group;
  const login = effective(own, shared);
  const isShared = path[0] === 'api7';
  const problems: Problem[] = [
    ...(isShared ? [] : twoLogins(path, own)),
    ...lacking(isOwnLogin(own) ? path : blockAt(['api7', 'gateway'], shared), login),
  ];
  const endpoints = group.setting('endpoints');
  if (login.has('cert') && endpoints !== undefined)
    for (const [index, endpoint] of listOf(endpoints.value).entries())
      if (typeof endpoint === 'string' && endpoint.startsWith('http:'))
        problems.push({
          path: [...endpoints.path, index],
          at: 'value',
          message: 'a client certificate needs an https:// endpoint (DP Manager listens for it on 7943)',
        });
  return problems;
}

function lacking(path: Path, login: Fields): readonly Problem[] {
  const missing = CERTIFICATE.filter((field) => !login.has(field));
  if (login.has('token') || missing.length === 0) return [];
  const message = OF_CERTIFICATE.some((field) => login.has(field))
    ? `a client certificate also needs ${missing.join(' and ')}; write for example ${missing[0]}: !file PATH`
    : 'gateways need either a token, or cert, key and ca';
  return [{ path, at: 'key', message }];
}

/** `hosts.<name>.gateway`. */
function ownLogins(file: Fields, groups: readonly FileGroup[], shared: Fields): readonly Problem[] {
  return [...fieldsOf(file.get('hosts'))].flatMap(([name, value]): readonly Problem[] => {
    const host = fieldsOf(value);
    if (!host.has('gateway')) return [];
    const path: Path = ['hosts', name, 'gateway'];
    const group = groups.find(({ hosts }) => hosts.includes(name));
    if (group === undefined) return [{ path, at: 'key', message: `no gateway runs on ${name}` }];
    const own = fieldsOf(host.get('gateway'));
    return [...twoLogins(path, own), ...lacking(path, effective(own, effective(group.own, shared)))];
  });
}
