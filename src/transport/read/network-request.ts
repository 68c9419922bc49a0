import { ipv6OfHex, kernelAddress } from '../../core/base/kernel-address.ts';
import type { HostNetwork, Listener } from '../../core/host/connection.ts';
import type { Request } from './request.ts';

const ANY_ADDRESS = '@any';
const LOCAL = '@local';
const INET6 = '@inet6';
const BY_SS = '@ss';
const BY_PROC = '@proc';

/** More than the output of a host with thousands of addresses. */
const SIZE = 512 * 1024;

/**
 * The kernel's local addresses and the listening sockets. Only `ss` names processes, and other users' processes only to
 * root; without `ss`, /proc lists the sockets without names.
 */
export const networkRequest: Request<HostNetwork> = {
  snippet: [
    '{',
    'export LC_ALL=C PATH="$PATH:/usr/sbin:/sbin"',
    `echo ${ANY_ADDRESS}; cat /proc/sys/net/ipv4/ip_nonlocal_bind`,
    `echo ${LOCAL}; grep -E '[|]--|host LOCAL' /proc/net/fib_trie`,
    `echo ${INET6}; cat /proc/net/if_inet6`,
    `if s=$(ss -Hltnp); then echo ${BY_SS}; printf '%s\\n' "$s"; else echo ${BY_PROC}; grep -h ' 0A ' /proc/net/tcp /proc/net/tcp6; fi`,
    `} 2>/dev/null | head -c ${SIZE}`,
  ].join('\n'),
  parse: ({ stdout }) => parseNetwork(stdout.toString()),
};

function parseNetwork(text: string): HostNetwork {
  const sections = new Map<string, string[]>();
  let current: string[] = [];
  for (const line of text.split('\n')) {
    if (!line.startsWith('@')) current.push(line);
    else {
      current = [];
      sections.set(line, current);
    }
  }
  const of = (name: string): readonly string[] => sections.get(name) ?? [];
  return {
    addresses: [...new Set([...localOf(of(LOCAL)), ...of(INET6).flatMap(inet6Of)])],
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

/** `LISTEN 0 511 0.0.0.0:9080 0.0.0.0:* users:(("nginx",pid=7,fd=6))` */
function bySs(line: string): readonly Listener[] {
  const [, , , local = ''] = line.trim().split(/\s+/);
  const [, host = '', port] = /^(.*):(\d+)$/.exec(local) ?? [];
  if (port === undefined) return [];
  const address = host
    .replace(/^\[(.*)\]$/, '$1')
    .replace(/%.*$/, '')
    .replace(/^::ffff:(?=\d+\.)/i, '');
  const [, process] = /users:\(\("([^"]*)"/.exec(line) ?? [];
  return [
    { address: address === '*' ? '::' : address, port: Number(port), ...(process === undefined ? {} : { process }) },
  ];
}

/** ` 0: 0100007F:2378 00000000:0000 0A …` */
function byProc(line: string): readonly Listener[] {
  const [, local = ''] = line.trim().split(/\s+/);
  const [, hex, port] = /^([0-9A-F]{8}|[0-9A-F]{32}):([0-9A-F]{4})$/.exec(local) ?? [];
  return hex === undefined || port === undefined
    ? []
    : [{ address: kernelAddress(hex), port: Number.parseInt(port, 16) }];
}
