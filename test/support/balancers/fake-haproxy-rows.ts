import type { FakeServer } from './fake-haproxy.ts';

/** A server of the fake HAProxy as it runs. */
export interface Running {
  readonly line: FakeServer;
  admin: number;
  operational: number;
  weight: number;
  health: number;
  /** 0 unknown, 2 failed, 3 passed. */
  result: number;
  changed: number;
  checkedAt: number;
  rampEnds: number;
  agentOn: boolean;
  sessions: number;
  total: number;
  lastSession: number;
  failures: number;
  status4xx: number;
  status5xx: number;
  /** How far it is behind its share of the requests. */
  credit: number;
}

type Seconds = (since: number) => number;

export const STATE_COLUMNS =
  '# be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_uweight srv_iweight srv_time_since_last_change srv_check_status srv_check_result srv_check_health srv_check_state srv_agent_state bk_f_forced_id srv_f_forced_id srv_fqdn srv_port srvrecord srv_use_ssl srv_check_port srv_check_addr srv_agent_addr srv_agent_port';
export const STAT_COLUMNS =
  '# pxname,svname,qcur,scur,stot,req_tot,econ,eresp,hrsp_4xx,hrsp_5xx,lastsess,tracked,cookie,';

/** A line of `show servers state`; `admin` and `operational` include inherited state. */
export function stateRow(
  one: Running,
  shown: { admin: number; operational: number; index: number },
  seconds: Seconds,
): string {
  const { line } = one;
  const { admin, operational, index } = shown;
  const unchecked = line.unchecked === true || line.track !== undefined;
  const checkState = unchecked ? 0 : (admin & 0x01) === 0 ? 6 : 14;
  const agentState = line.agent === true ? (one.agentOn ? 22 : 18) : 0;
  const state = `${operational} ${admin} ${one.weight} ${line.weight ?? 1} ${seconds(one.changed)}`;
  const checks = `${one.result === 3 ? 6 : 8} ${one.result} ${one.health} ${checkState} ${agentState}`;
  return `3 ${line.backend} ${index + 1} ${line.name} ${line.address} ${state} ${checks} 0 0 - ${line.port} - 0 0 - - 0\n`;
}

/** A line of `show stat`. */
export function statRow({ line, ...one }: Running, seconds: Seconds): string {
  const last = one.lastSession < 0 ? -1 : seconds(one.lastSession);
  const counts = `0,${one.sessions},${one.total},${one.total},${one.failures},0,${one.status4xx},${one.failures + one.status5xx}`;
  return `${line.backend},${line.name},${counts},${last},${line.track ?? ''},${line.cookie ?? ''},\n`;
}
