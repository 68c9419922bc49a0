import { OrchError } from '../core/errors.ts';

/** One server line of HAProxy's `show servers state`. */
export interface HaproxyServer {
  readonly backend: string;
  readonly server: string;
  readonly address: string;
  readonly fqdn: string;
  readonly port: number;
  /** srv_op_state: 0 stopped, 1 starting (slowstart), 2 running, 3 stopping. */
  readonly operational: number;
  /** srv_admin_state, a bit field: 0x01 maintenance by hand, 0x08 drained by hand, others inherited or configured. */
  readonly admin: number;
}

/**
 * Parses the reply to `show servers state`: a version line, a header line that names the columns, one line per server
 * (management guide of HAProxy, section 9.3). Columns are found by name.
 *
 * @throws OrchError LB_ANSWER when it is not such a reply
 */
export function parseServersState(reply: string): readonly HaproxyServer[] {
  const lines = reply.split('\n').map((line) => line.trim());
  const header = lines.find((line) => line.startsWith('# be_id'));
  if (header === undefined)
    throw new OrchError(
      'LB_ANSWER',
      `HAProxy did not list its servers but said: ${reply.trim().slice(0, 200) || 'nothing'}`,
      {
        hint: 'the socket must be an admin socket: "stats socket … level admin"',
      },
    );
  const columns = header.slice(2).split(' ');
  return lines
    .slice(lines.indexOf(header) + 1)
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => {
      const fields = line.split(' ');
      const field = (name: string): string => fields[columns.indexOf(name)] ?? '';
      return {
        backend: field('be_name'),
        server: field('srv_name'),
        address: field('srv_addr'),
        fqdn: field('srv_fqdn'),
        port: Number(field('srv_port')),
        operational: Number(field('srv_op_state')),
        admin: Number(field('srv_admin_state')),
      };
    });
}

const MAINTENANCE = 0x01 | 0x02 | 0x04 | 0x20;
const DRAINED = 0x08 | 0x10;

/** How HAProxy treats a server, in one word. */
export function standing(server: HaproxyServer): 'up' | 'down' | 'starting' | 'stopping' | 'maintenance' | 'drained' {
  if ((server.admin & MAINTENANCE) !== 0) return 'maintenance';
  if ((server.admin & DRAINED) !== 0) return 'drained';
  return (['down', 'starting', 'up', 'stopping'] as const)[server.operational] ?? 'down';
}
