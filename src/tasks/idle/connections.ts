import { defined } from '../../core/base/data.ts';
import { OrchError } from '../../core/base/errors.ts';
import { kernelAddress } from '../../core/base/kernel-address.ts';
import type { Reader } from '../../core/host/connection.ts';

/** A TCP connection in a container's own network. Numbers are bytes and milliseconds. */
export interface PeerConnection {
  /** The container's port. */
  readonly port: number;
  /** Address of the other end. */
  readonly peer: string;
  /** `closing`: the container has closed its side, but its last data may still be on the way. */
  readonly state: 'open' | 'closing';
  /** Sent by the container and not acknowledged by the peer. */
  readonly sending: number;
  /** Received and not read by the container yet. */
  readonly unread: number;
  /** Times of the last data; undefined if the host has no `ss`, or its kernel does not report them. */
  readonly last?: LastMoved;
}

export interface LastMoved {
  readonly sentAgo: number;
  readonly receivedAgo: number;
  /** Milliseconds since the peer's last acknowledgement. */
  readonly ackedAgo: number;
  /** Total segments with data, sent and received; undefined: the kernel is too old to report them. */
  readonly segments?: { readonly sent: number; readonly received: number };
}

const BY_SS = 'ss';
const BY_PROC = 'proc';
const GONE = 95;

/**
 * The connections to some ports of a running container, read in its process's network: on the host itself a published
 * port shows none.
 *
 * @throws OrchError CONNECTIONS_UNREADABLE
 */
export async function connectionsOf(
  pid: number,
  ports: readonly number[],
  host: Reader,
): Promise<readonly PeerConnection[]> {
  const filter = ports.map((port) => `sport = :${port}`).join(' or ');
  const script = [
    'export LC_ALL=C PATH="$PATH:/usr/sbin:/sbin"',
    `if command -v nsenter >/dev/null && command -v ss >/dev/null; then`,
    `  found=$(nsenter -t ${pid} -n ss -tinH '( ${filter} )') && { echo ${BY_SS}; printf '%s\\n' "$found"; exit 0; }`,
    'fi',
    `[ -r /proc/${pid}/net/tcp ] || exit ${GONE}`,
    `echo ${BY_PROC}; cat /proc/${pid}/net/tcp; cat /proc/${pid}/net/tcp6 2>/dev/null; exit 0`,
  ].join('\n');
  const { code, stdout, stderr } = await host.test({ script }, { timeoutMs: 10_000 });
  const [by, ...lines] = stdout.split('\n');
  if (code === 0 && by === BY_SS) return fromSs(lines);
  if (code === 0 && by === BY_PROC) return fromProc(lines).filter(({ port }) => ports.includes(port));
  throw new OrchError(
    'CONNECTIONS_UNREADABLE',
    code === GONE ? `process ${pid} has ended` : `the connections of process ${pid} could not be listed`,
    {
      hint: 'this takes root on the host: set become: sudo',
      retryable: code === GONE,
      details: stderr.trim(),
    },
  );
}

/** States in which sent data may still be on the way; in other states nothing of a request is left. */
const STATES: Readonly<Record<string, PeerConnection['state']>> = {
  ESTAB: 'open',
  'CLOSE-WAIT': 'open',
  'FIN-WAIT-1': 'closing',
  CLOSING: 'closing',
  'LAST-ACK': 'closing',
};

/** `ss -tin`: a line for each connection, then an indented line with details. */
function fromSs(lines: readonly string[]): readonly PeerConnection[] {
  return lines.flatMap((line, i) => {
    const [word = '', unread, sending, local = '', peer = ''] = line.split(/\s+/);
    const state = STATES[word];
    if (state === undefined) return [];
    const more = lines[i + 1] ?? '';
    const last = /^\s/.test(more) ? lastMoved(more) : undefined;
    return [
      {
        port: Number(local.slice(local.lastIndexOf(':') + 1)),
        peer: plainAddress(peer.slice(0, peer.lastIndexOf(':'))),
        state,
        unread: Number(unread),
        sending: Number(sending),
        ...defined({ last }),
      },
    ];
  });
}

/** `[::ffff:10.0.0.1]` is 10.0.0.1 on a dual-stack socket. */
const plainAddress = (text: string): string => text.replace(/^\[?(?:::ffff:)?([^\]%]*)\]?(?:%.*)?$/i, '$1');

function lastMoved(line: string): LastMoved | undefined {
  // ss leaves out zeros; a line without this field has no details at all.
  if (!/\bcwnd:/.test(line)) return undefined;
  const number = (name: string): number => Number(new RegExp(`\\b${name}:(\\d+)`).exec(line)?.[1] ?? 0);
  const tellsSegments = /\bdata_segs_/.test(line) || (/\bsegs_in:/.test(line) && !/\bbytes_/.test(line));
  return {
    sentAgo: number('lastsnd'),
    receivedAgo: number('lastrcv'),
    ackedAgo: number('lastack'),
    ...(tellsSegments ? { segments: { sent: number('data_segs_out'), received: number('data_segs_in') } } : {}),
  };
}

/** State numbers of /proc/net/tcp, include/net/tcp_states.h. */
const NUMBERS: Readonly<Record<string, PeerConnection['state']>> = {
  '01': 'open',
  '08': 'open',
  '04': 'closing',
  '0B': 'closing',
  '09': 'closing',
};

/** An address of either family and a port. */
const ENDPOINT = /^(?:[\dA-F]{8}|[\dA-F]{32}):[\dA-F]{4}$/;

function fromProc(lines: readonly string[]): readonly PeerConnection[] {
  return lines.flatMap((line) => {
    const [, local = '', remote = '', number = '', queues = ''] = line.trim().split(/\s+/);
    const state = NUMBERS[number];
    if (state === undefined || !ENDPOINT.test(local) || !ENDPOINT.test(remote)) return [];
    const [sending = '', unread = ''] = queues.split(':');
    return [
      {
        port: Number.parseInt(local.slice(-4), 16),
        peer: kernelAddress(remote.slice(0, -':0000'.length)),
        state,
        sending: Number.parseInt(sending, 16),
        unread: Number.parseInt(unread, 16),
      },
    ];
  });
}
