import { isIP, isIPv6 } from 'node:net';
import { isRegistryPart } from '../../core/base/registry-of.ts';
import type { Check } from './fields.ts';

const LABEL = '[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?';
const HOSTNAME = new RegExp(`^${LABEL}(?:\\.${LABEL})*\\.?$`);

/** RFC 1123 names; URL parsers take a name with a numeric last label for an IPv4 address. */
const isHostname = (value: string): boolean =>
  value.length <= 253 && HOSTNAME.test(value) && !/^\d+$/.test(value.replace(/\.$/, '').split('.').at(-1) ?? '');

export const addressCheck: Check = (value) => {
  if (isIP(value) !== 0 || isHostname(value)) return undefined;
  if (/^\[.*\]$/.test(value)) return 'write an IPv6 address without brackets';
  if (/^[^:]+:\d+$/.test(value)) return 'the port does not belong in the address; give it as "port"';
  return 'neither an IP address nor a host name';
};

/** Names in OpenSSH's configuration may contain characters that host names cannot. */
const isSshName = (value: string): boolean => isHostname(value.replaceAll('_', 'x'));

/** An address, or a name in OpenSSH's configuration. */
export const sshAddressCheck: Check = (value) => (isSshName(value) ? undefined : addressCheck(value));

/** `[user@]host[:port]`, IPv6 in brackets; several separated by commas, or `none`. */
export const jumpCheck: Check = (value) => {
  if (value === 'none' || value.split(',').every(isJumpHost)) return undefined;
  return 'a jump host is written [user@]host[:port]';
};

function isJumpHost(text: string): boolean {
  const [, host, port] = /^(?:[^@\s]+@)?(\[[^\]]+\]|[^:@\s]+)(?::(\d+))?$/.exec(text) ?? [];
  const bare = host?.replace(/^\[(.*)\]$/, '$1');
  const known = bare !== undefined && (isIP(bare) !== 0 || isSshName(bare));
  return known && (port === undefined || (Number(port) >= 1 && Number(port) <= 65_535));
}

/** As API7 writes the ids of its instances. */
export const uuidCheck: Check = (value) =>
  /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(value) ? undefined : 'not a UUID';

export const versionCheck: Check = (value) => {
  if (/^v\d/.test(value))
    return `write the version without "v": "${value.slice(1)}" (image tags get it where they need it)`;
  return /^\d+(\.\d+){1,3}(-[A-Za-z0-9.]+)?$/.test(value) ? undefined : 'a version is written like "3.10.5"';
};

const COMPONENT = '[a-z0-9]+(?:(?:\\.|_{1,2}|-+)[a-z0-9]+)*';
const REPOSITORY = new RegExp(`^(?:[A-Za-z0-9.-]+(?::\\d+)?/)?${COMPONENT}(?:/${COMPONENT})*$`);

/** A full image reference: the image must not depend on the time of its pull, so a tag or a digest is required. */
export const imageCheck: Check = (value) => {
  const [, repository, tag, digest] = /^(.+?)(?::([\w][\w.-]{0,127}))?(?:@(sha256:[0-9a-f]{64}))?$/.exec(value) ?? [];
  if (repository === undefined || !REPOSITORY.test(repository))
    return 'not an image reference such as registry.example.com/api7/gateway:3.10.5';
  return tag === undefined && digest === undefined ? 'an image needs a tag or a digest' : undefined;
};

export const sha256Check: Check = (value) =>
  /^[0-9a-f]{64}$/i.test(value) ? undefined : 'a sha256 digest is 64 hexadecimal digits';

/** Docker takes such a name for a folder of Docker Hub, and would send the login there. */
const notARegistry = (host: string): string =>
  `"${host}" is taken for a folder of docker.io; write its full name, or its port: ${host}:443`;

export const registryCheck: Check = (value) => {
  if (/^[a-z]+:\/\//.test(value)) return 'a registry is written without a scheme: registry.example.com/team';
  const [, host, path] =
    /^([A-Za-z0-9.-]+(?::\d+)?|\[[0-9A-Fa-f:]+\](?::\d+)?)((?:\/[a-z0-9._-]+)*)$/.exec(value) ?? [];
  if (host === undefined || path === undefined) return 'a registry is written host[:port][/path]';
  return isRegistryPart(host) ? undefined : notARegistry(host);
};

export const endpointCheck: Check = (value) => {
  const url = URL.parse(value);
  if (url === null || !/^https?:$/.test(url.protocol)) return 'an endpoint is a URL such as http://10.0.0.10:17900';
  if (url.username !== '' || url.password !== '')
    return 'an endpoint must not contain a user or password; use gateway.token';
  return url.pathname === '/' && url.search === '' && url.hash === ''
    ? undefined
    : 'an endpoint must not contain a path';
};

export const prometheusCheck: Check = (value) => {
  const url = URL.parse(value);
  if (url === null || !/^https?:$/.test(url.protocol)) return 'the address is a URL such as http://10.0.4.1:9090';
  if (url.username !== '' || url.password !== '')
    return 'the address must not contain a user or password; use basic_auth';
  if (/^(?:localhost|127\.[\d.]+|\[::1\])$/.test(url.hostname))
    return 'this is the host itself only; the containers of the control plane cannot reach it';
  if (url.pathname === '/' && url.search === '' && url.hash === '') return undefined;
  return 'the address must not contain a path; set api7.config.dashboard.prometheus.query_path_prefix and api7.config.dp_manager.prometheus.remote_write_path';
};

/** RFC 7617: the first ":" ends the user, and control characters are forbidden in both. */
export const basicUserCheck: Check = (value) =>
  /[:\p{Cc}]/u.test(value) ? 'a user of basic authentication holds no ":" and no control characters' : undefined;

/** The password of basic authentication. */
export const basicPasswordCheck: Check = (value) =>
  /\p{Cc}/u.test(value) ? 'a password of basic authentication holds no control characters' : undefined;

export const hostnameCheck: Check = (value) => (isHostname(value) ? undefined : 'not a host name');

/** Docker publishes a port on an IP address, never on a name. */
export const bindCheck: Check = (value) => {
  if (value === '{address}' || isIP(value) !== 0) return undefined;
  return value.includes('{') ? 'the only placeholder is {address}' : 'must be an IP address or {address}';
};

export const pemCheck =
  (what: 'CERTIFICATE' | 'PRIVATE KEY'): Check =>
  (value) =>
    new RegExp(`-----BEGIN (?:[A-Z0-9]+ )*${what}-----[\\s\\S]+-----END (?:[A-Z0-9]+ )*${what}-----`).test(value)
      ? undefined
      : `not a PEM ${what.toLowerCase()}; to read it from a file write !file path`;

/** A path on a balancer's host: a file or a socket. */
export const remotePathCheck: Check = (value) =>
  value.startsWith('/') && !value.endsWith('/') ? undefined : 'must be an absolute path on the balancer host';

export const requestPathCheck: Check = (value) =>
  /^\/[\x21-\x7e]*$/.test(value) ? undefined : 'a path of a request begins with "/" and holds no spaces: /status';

/** The value of a Host header: with a port, if clients send one. */
export const hostHeaderCheck: Check = (value) => {
  const [, name = '', port = '1'] = /^(.*?)(?::(\d{1,5}))?$/.exec(value.replace(/^\[([0-9A-Fa-f:]+)\]/, 'ipv6')) ?? [];
  return addressCheck(name) === undefined && Number(port) > 0 && Number(port) < 65_536
    ? undefined
    : 'a Host header is a name, or name:port';
};

/** A normalized address: IPv6 in its short form, names in lower case. */
export function canonicalAddress(address: string): string {
  const url = isIPv6(address) ? URL.parse(`http://[${address}]/`) : null;
  return url?.hostname.slice(1, -1) ?? address.toLowerCase().replace(/\.$/, '');
}
