import { codes } from './error-meaning.ts';

/** Codes of balancers and rolling changes. */
export const TRAFFIC_CODES = codes({
  ALREADY_RESTORED: [
    'the node is already restored',
    'in the playbook, state its changes before the gate that waits for traffic',
  ],
  BUDGET_EXHAUSTED: [
    'max unavailable is already used',
    'repair or restore the named nodes first, or raise max_unavailable',
  ],
  BUDGET_ZERO: ['max_unavailable allows no node', 'use 1, or a larger share'],
  CONTROL_PLANE_UNREACHABLE: [
    'too few DP Manager endpoints respond; a gateway restarted now cannot load its configuration',
    'fix DP Manager and its database first',
  ],
  DRAIN_LOST: [
    'a balancer lost a drain: it was reloaded or changed',
    'do not reload it during a run; run the same command to resume',
  ],
  DRAIN_ON_HOLD: ["requests did not end in time, and the pool's policy is to ask", 'wait longer, or find the client'],
  DRAIN_TIMEOUT: ['requests did not end in time', 'find the client that holds the session, or raise drain.within'],
  HAPROXY_COMMAND: ['a name cannot be sent to HAProxy', 'use letters, digits, ".", "_", "-" and ":" in names'],
  HAPROXY_DENIED: [
    'the HAProxy socket cannot be opened, or allows no changes',
    'install socat on the host, or give the socket "level admin"',
  ],
  HAPROXY_REPLY: ['HAProxy gave an unexpected reply', 'run again; check that nothing else uses the socket'],
  HAPROXY_UNREACHABLE: [
    'HAProxy does not respond at its socket',
    'check that it runs and has "stats socket PATH level admin"',
  ],
  LB_BUSY: ["the balancer's file, or the lease, is being changed by another program", 'check what writes it'],
  LB_CANNOT_CLOSE: ['the balancer keeps sticky sessions, and no hook ends them', 'add a "close" hook'],
  LB_COMMAND_FAILED: ['a hook failed', 'read its last lines'],
  LB_COMMAND_MISSING: [
    'a command of the balancer does not exist on its host',
    'install it, or correct its path in load_balancers',
  ],
  LB_CONFIG_REFUSED: [
    'nginx rejects the changed configuration; the old one is kept',
    'read its message, then correct the file',
  ],
  LB_INVALID_REPLY: [
    'a hook printed invalid output',
    'print the JSON described in docs/inventory.md; print warnings to stderr',
  ],
  LB_MEMBER_NOT_UP: ['the balancer does not send traffic to the member', 'check its health checks'],
  LB_MEMBER_UNKNOWN: [
    'the balancer has no server for this member',
    'add the server to its configuration, or correct load_balancers',
  ],
  LB_NOT_INCLUDED: [
    'nginx does not include the file that api7-orch writes',
    'include it in the upstream, or correct load_balancers.*.include',
  ],
  LB_REFUSED: ['the balancer rejected a command', 'check whether its configuration changed, then run again'],
  LB_RELOAD_FAILED: ['nginx could not be reloaded', 'read its message'],
  LB_STILL_SERVES: ['a balancer ignored by --without-lb still responds', 'make its socket reachable, or stop it'],
  LB_UNREACHABLE: ['the balancer does not respond', 'start it, or use --without-lb with --reason'],
  LB_WRITE_FAILED: ["the balancer's file could not be written", 'check disk space and permissions'],
  LEASE_INVALID: ['a lease file is invalid', 'check how the balancer treats the node, then remove the file'],
  NODE_HELD: [
    'the node is held: drained by lb drain or externally',
    'use --include-held to change it and leave it held',
  ],
  NODE_TAKEN: ['another run works on the node', 'wait until that run has ended, then run the same command again'],
  NOT_DRAINED: ['a change was refused because the node is not drained', 'state the change in the play of that node'],
  NOT_RECONNECTED: ['gateways did not reconnect to DP Manager in time', 'read the logs of the gateways'],
  NOT_RESTORED: ['a node could not be restored', 'run the same command again, or lb restore'],
  NO_WAY_BACK: [
    'a node cannot go back to what it ran before; the message names the reason',
    'repair the node, then run the same command to resume',
  ],
  NO_OTHER_MEMBER_UP: [
    'no other member of the pool is up, or the others are being drained as well',
    'repair or restore the others first',
  ],
  OUTAGE_NOT_CONFIRMED: [
    'the change would leave a pool without a serving node',
    'to accept the outage, add --yes-outage CLUSTER',
  ],
  SOAK_FAILED: ['the node has more errors than its peers after the change', 'read its error log; it is drained again'],
  SOAK_INCONCLUSIVE: [
    'too few requests to compare the node with its peers',
    'continue if traffic is low, or set a longer soak',
  ],
  TIMEOUTS_INCONSISTENT: [
    'the time limits of the pool and the service contradict each other',
    'correct the named limit',
  ],
});
