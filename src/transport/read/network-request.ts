import { defined } from '../../core/base/data.ts';
import { ipv6OfHex, kernelAddress } from '../../core/base/kernel-address.ts';
import type { HostNetwork, Listener } from '../../core/host/connection.ts';
import type { Request } from './request.ts';

const ANY_ADDRESS = '@any';
const ADDRESSES = '@addresses';
const BY_SS = '@ss';
const BY_PROC = '@proc';

/** More than the output of a host with thousands of addresses. */
const SIZE = 512 * 1024;

/** States in /proc: a listening TCP socket, an unconnected UDP socket. */
const WAITING = { tcp: '0A', udp: '07' };

/**
 * The kernel's local addresses and the listening sockets. Only `ss` names processes, and other users' processes only to
 * root; for that it reads the files of all processes. Without `ss`, /proc lists the sockets without names. The parser
 * drops irrelevant lines: the start of a filter costs the host more.
 */
export const networkRequest = ({ processes = false } = {}): Request<HostNetwork> => ({
  snippet: [
    '{',
    'export LC_ALL=C PATH="$PATH:/usr/sbin:/sbin"',
    // Shells read byte by byte, and /proc gives them only the first byte: the value is one digit.
    `v=; read -r v </proc/sys/net/ipv4/ip_nonlocal_bind; echo "${ANY_ADDRESS} $v"`,
    `echo ${ADDRESSES}; cat /proc/net/fib_trie /proc/net/if_inet6`,
    `echo ${BY_SS}; ss -Hltun${processes ? 'p' : ''} || { echo ${BY_PROC}; grep -E ' (${WAITING.tcp}|${WAITING.udp}) ' /proc/net/tcp /proc/net/tcp6 /proc/net/udp /proc/net/udp6; }`,
    `} 2>/dev/null | head -c ${SIZE}`,
  ].join('\n'),
  parse: ({ stdout }) => parseNetwork(stdout.toString()),
});

function parseNetwork(text: string): HostNetwork {
  const sections = new Map<string, string[]>();
  let current: string[] = [];
  for (const line of text.split('\n')) {
    const [, name, value] = /^(@[a-z]+)(?: (.*))?$/.exec(line) ?? [];
    if (name === undefined) current.push(line);
    else {
      current = value === undefined ? [] : [value];
      sections.set(name, current);
    }
  }
  const of = (name: string): readonly string[] => sections.get(name) ?? [];
  return {
    addresses: [...new Set([...localOf(of(ADDRESSES)), ...of(ADDRESSES).flatMap(inet6Of)])],
    bindsAny: of(ANY_ADDRESS)[0]?.trim() === '1',
    listening: [...of(BY_SS).flatMap(bySs), ...of(BY_PROC).flatMap(byProc)],
  };
}

/** The routing trie lists an address, and below it the kinds of its routes: `/32 host LOCAL`. */
function localOf(lines: readonly string[]): readonly string[] {
  let address = '';
  return lines.flatMap((line) => {
    const [, leaf] = /\|--\s+(\S+)/.exec(line) ?? [];
    if (leaf !== undefined) address = leaf;
    const [, bits] = /^\s*\/(\d+)\s+host LOCAL/.exec(line) ?? [];
    if (bits === undefined) return [];
    return [bits === '32' ? address : `${address}/${bits}`];
  });
}

function inet6Of(line: string): readonly string[] {
  const [hex = ''] = line.split(/\s+/);
  return /^[0-9a-f]{32}$/.test(hex) ? [ipv6OfHex(hex)] : [];
}

/** `tcp LISTEN 0 511 0.0.0.0:9080 0.0.0.0:* users:(("nginx",pid=7,fd=6))` */
function bySs(line: string): readonly Listener[] {
  const [protocol = '', , , , local = ''] = line.trim().split(/\s+/);
  if (protocol !== 'tcp' && protocol !== 'udp') return [];
  const [, host = '', port] = /^(.*):(\d+)$/.exec(local) ?? [];
  if (port === undefined) return [];
  const address = host
    .replace(/^\[(.*)\]$/, '$1')
    .replace(/%.*$/, '')
    .replace(/^::ffff:(?=\d+\.)/i, '');
  const [, process] = /users:\(\("([^"]*)"/.exec(line) ?? [];
  return [
    {
      protocol,
      address: address === '*' ? '::' : address,
      port: Number(port),
      ...defined({ process }),
    },
  ];
}

/** `/proc/net/tcp6: 0: 0100007F:2378 00000000:0000 0A …` */
function byProc(line: string): readonly Listener[] {
  const [, name, entry = ''] = /^\/proc\/net\/(tcp|udp)6?:(.*)$/.exec(line) ?? [];
  const [, local = '', , state] = entry.trim().split(/\s+/);
  const [, hex, port] = /^([0-9A-F]{8}|[0-9A-F]{32}):([0-9A-F]{4})$/.exec(local) ?? [];
  if (hex === undefined || port === undefined) return [];
  const protocol = name === 'udp' ? 'udp' : 'tcp';
  return state === WAITING[protocol]
    ? [{ protocol, address: kernelAddress(hex), port: Number.parseInt(port, 16) }]
    : [];
}
