import { OrchError } from '../../core/base/errors.ts';
import { firstChars } from '../../core/base/excerpt.ts';

/** One server line of HAProxy's `show servers state`. */
export interface HaproxyServer {
  readonly backend: string;
  readonly server: string;
  readonly address: string;
  readonly fqdn: string;
  readonly port: number;
  /** srv_op_state: 0 stopped, 1 starting (slowstart), 2 running, 3 stopping. */
  readonly operational: number;
  /** srv_admin_state, a bit field: see `ADMIN`. */
  readonly admin: number;
  /** The set weight, 0–256; 0 stops new requests. */
  readonly weight: number;
  /** Seconds since the last command or change of state; rounded either way. */
  readonly sinceSeconds: number;
  /** srv_check_result: 0 unknown, 1 neutral, 2 failed, 3 passed, 4 passed under a condition. */
  readonly checkResult: number;
  /** srv_check_state, and srv_agent_state of the auxiliary check: see `CHECK`. */
  readonly checkState: number;
  readonly agentState: number;
}

/**
 * Bits of srv_admin_state. Maintenance (1) and drain (8) are set by commands; 2 and 16 are inherited from a tracked
 * server; 32: its name cannot be resolved. Bit 4 only records a "disabled" in the configuration: it stays set when the
 * server is UP.
 */
export const ADMIN = {
  maint: 0x01,
  inheritedMaint: 0x02,
  drain: 0x08,
  inheritedDrain: 0x10,
  unresolved: 0x20,
} as const;

/** Bits of a check's state. */
export const CHECK = { configured: 0x02, enabled: 0x04 } as const;

/** `backend/server`, as HAProxy's commands name it. */
export const nameOf = (of: Pick<HaproxyServer, 'backend' | 'server'>): string => `${of.backend}/${of.server}`;

/**
 * Parses the reply to `show servers state`: a version line, a header line with the column names, one line per server
 * (management guide of HAProxy, section 9.3). Finds columns by name.
 *
 * @throws OrchError LB_INVALID_REPLY when it is no such reply
 */
export function parseServersState(reply: string): readonly HaproxyServer[] {
  const lines = reply.split('\n').map((line) => line.trim());
  const header = lines.find((line) => line.startsWith('# be_id'));
  if (header === undefined) throw unexpected('its servers', reply);
  const columns = new Map(
    header
      .slice(2)
      .split(' ')
      .map((name, index) => [name, index]),
  );
  return lines
    .slice(lines.indexOf(header) + 1)
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => {
      const fields = line.split(' ');
      const field = (name: string): string => fields[columns.get(name) ?? -1] ?? '';
      return {
        backend: field('be_name'),
        server: field('srv_name'),
        address: field('srv_addr'),
        fqdn: field('srv_fqdn'),
        port: Number(field('srv_port')),
        operational: Number(field('srv_op_state')),
        admin: Number(field('srv_admin_state')),
        weight: Number(field('srv_uweight')),
        sinceSeconds: Number(field('srv_time_since_last_change')),
        checkResult: Number(field('srv_check_result')),
        checkState: Number(field('srv_check_state')),
        agentState: Number(field('srv_agent_state')),
      };
    });
}

/** HAProxy's reply does not match the command. */
export const unexpected = (what: string, reply: string): OrchError =>
  new OrchError(
    'LB_INVALID_REPLY',
    `HAProxy did not list ${what}; it printed: ${firstChars(reply, 200) || 'nothing'}`,
    {
      hint: 'the socket must be an admin socket: "stats socket … level admin"',
    },
  );
