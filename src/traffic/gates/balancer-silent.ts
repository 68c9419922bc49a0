import { z } from 'zod';
import { answersAt } from '../../api7/reaches.ts';
import { addressWithPort } from '../../core/base/address-text.ts';
import { OrchError } from '../../core/base/errors.ts';
import { portNumber } from '../../core/base/port-number.ts';
import { defineGate } from '../../core/task/define-gate.ts';

const params = z.strictObject({
  /** Name of the balancer's host. */
  balancer: z.string(),
  address: z.string(),
  /** Ports on which clients would reach it. */
  ports: z.array(portNumber).readonly(),
  /** Whether the controller reaches an address and port. */
  reached: z.custom<(address: string, port: number) => Promise<boolean>>(),
});

/**
 * Gate, one reading: a balancer that is left out accepts no requests, seen from this host and from the controller. One
 * that does would keep sending requests to a stopped node. An unknown answer counts as accepting.
 *
 * @throws OrchError LB_STILL_SERVES
 */
export const balancerSilent = defineGate<typeof params, readonly string[]>({
  kind: 'balancerSilent',
  params,
  title: (p) => `${p.balancer} takes no requests`,
  async look({ address, ports, reached }, host) {
    const found = await Promise.all(
      ports.flatMap((port) => [
        reached(address, port).then((yes) => (yes ? [`port ${port} responds to the controller`] : [])),
        answersAt(`http://${addressWithPort(address, port)}`, host).then((yes) => {
          if (yes === undefined) return [`port ${port} cannot be checked from ${host.name}, which has no curl`];
          return yes ? [`port ${port} responds to ${host.name}`] : [];
        }),
      ]),
    );
    return found.flat();
  },
  met: (_p, answering) => answering.length === 0,
  unmet: ({ balancer }, answering) =>
    new OrchError('LB_STILL_SERVES', `${balancer} cannot be ignored: ${answering.join(', ')}`, {
      hint: 'a balancer that responds still sends requests to nodes that would be stopped: make its admin socket reachable, or stop it; load_balancers.*.data_ports lists the ports to check',
    }),
});
