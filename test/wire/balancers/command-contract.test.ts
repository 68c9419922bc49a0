import { chmodSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Member } from '../../../src/core/host/balancer.ts';
import { withDocker } from '../../../src/docker/client.ts';
import { commandDriver } from '../../../src/lb/command/command.ts';
import { leasePath } from '../../../src/lb/lease.ts';
import { connectLocal } from '../../../src/transport/local/local.ts';
import { type BalancerWorld, loadBalancerContract, type Node } from '../../contract/load-balancer.ts';
import { temporaryDirectory } from '../../support/base/temporary-directory.ts';

const NODES: readonly Node[] = ['gw-1', 'gw-2', 'gw-3'];
const member = (node: Node): Member => ({ node, address: `10.0.2.${node.slice(3)}`, port: 9080 });

/** Hooks as a user writes them: `$1` is the command; a balancer's state is a file of words by member. */
const HOOK = `#!/bin/sh
file=$(dirname "$0")/$API7_ORCH_ADDRESS:$API7_ORCH_PORT
if [ ! -f "$file" ]; then
  [ "$1" = status ] && echo '{"servers":[]}' && exit 0
  echo "no server $API7_ORCH_ADDRESS:$API7_ORCH_PORT" >&2
  exit 1
fi
read -r admin weight sessions requests <"$file"
case $1 in
  status)
    case $admin in ready) state=up ;; drain) state=drained ;; maint) state=maintenance ;; esac
    printf '{"servers":[{"name":"%s/%s","state":"%s","sessions":%s,"sticky":true,"setting":{"admin":"%s","weight":"%s"}}],"epoch":"%s"}\\n' \\
      "$API7_ORCH_POOL" "$API7_ORCH_NODE" "$state" "$sessions" "$admin" "$weight" "$(cat "$(dirname "$0")/epoch")"
    exit ;;
  counters)
    printf '{"requests":%s,"status4xx":0,"status5xx":0,"connectErrors":0,"responseErrors":0}\\n' "$requests"
    exit ;;
  drain) [ "$admin" = maint ] || admin=drain ;;
  close) admin=maint ;;
  restore)
    setting=$(cat)
    admin=$(echo "$setting" | sed 's/.*"admin":"\\([a-z]*\\)".*/\\1/')
    weight=$(echo "$setting" | sed 's/.*"weight":"\\([0-9]*\\)".*/\\1/') ;;
esac
echo "$admin $weight $sessions $requests" >"$file"
`;

interface State {
  admin: string;
  weight: string;
  sessions: number;
  requests: number;
}

async function open(): Promise<BalancerWorld> {
  const directory = temporaryDirectory('hooks');
  const hook = join(directory, 'the hook');
  writeFileSync(hook, HOOK);
  chmodSync(hook, 0o755);
  const fileOf = (node: Node) => join(directory, `${member(node).address}:${member(node).port}`);
  const change = (node: Node, by: (state: State) => void): State => {
    const [admin = '', weight = '', sessions, requests] = readFileSync(fileOf(node), 'utf8').trim().split(' ');
    const state: State = { admin, weight, sessions: Number(sessions), requests: Number(requests) };
    by(state);
    writeFileSync(fileOf(node), `${state.admin} ${state.weight} ${state.sessions} ${state.requests}\n`);
    return state;
  };
  let epoch = 1;
  const begin = () => writeFileSync(join(directory, 'epoch'), String(epoch++));
  begin();
  NODES.forEach((node, index) => {
    writeFileSync(fileOf(node), `ready ${10 + index} 0 0\n`);
  });
  const raw = await connectLocal('lb-1', { become: 'none' });
  // Leases have one directory on a machine; no other test has this pool.
  const pool = `hooks-${process.pid}`;
  const [status, drain, restore, close, counters] = ['status', 'drain', 'restore', 'close', 'counters'].map((verb) => [
    hook,
    verb,
  ]);
  if (!status || !drain || !restore || !close || !counters) throw new Error('unreachable');
  let turn = 0;
  return {
    balancer: commandDriver({ pool, host: 'lb-1', hooks: { status, drain, restore, close, counters } }),
    host: withDocker(raw),
    member,
    async request(stick) {
      const serves = (node: Node): boolean => {
        const { admin } = change(node, () => {});
        return admin === 'ready' || (admin === 'drain' && node === stick);
      };
      const order = [...(stick === undefined ? [] : [stick]), ...NODES.map((_, i) => NODES[(turn + i) % 3])];
      turn += 1;
      const node = order.find((one) => one !== undefined && serves(one)) ?? null;
      if (node !== null) change(node, (state) => state.requests++);
      return node;
    },
    async hold(node) {
      change(node, (state) => state.sessions++);
      return {
        async release() {
          change(node, (state) => state.sessions--);
        },
      };
    },
    async drainExternally(node) {
      change(node, (state) => {
        state.admin = 'maint';
      });
    },
    async reload() {
      begin();
      for (const node of NODES)
        change(node, (state) => {
          state.admin = 'ready';
        });
    },
    wait: async () => {},
    async [Symbol.asyncDispose]() {
      for (const node of NODES) rmSync(leasePath(pool, node), { force: true });
      await raw.close();
    },
  };
}

loadBalancerContract('command', open, {
  skip: {
    health: 'its hooks obey',
    'a part of the traffic': 'its hooks give a node all or nothing',
    'a lost drain is visible': 'a hook may show a server as it was until a reload',
  },
});
