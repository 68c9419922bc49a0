import { BlockList, isIPv6 } from 'node:net';
import type { HostNetwork } from '../../core/host/connection.ts';

const EVERYWHERE = new Set(['', '0.0.0.0', '::']);

/** Whether a host lets a program listen on an address. True if its addresses could not be read. */
export function canBind(address: string, { addresses, bindsAny }: HostNetwork): boolean {
  if (EVERYWHERE.has(address) || bindsAny || addresses.length === 0) return true;
  const own = new BlockList();
  for (const one of addresses) {
    const [network = '', bits] = one.split('/');
    const family = isIPv6(network) ? 'ipv6' : 'ipv4';
    if (bits === undefined) own.addAddress(network, family);
    else own.addSubnet(network, Number(bits), family);
  }
  return own.check(address, isIPv6(address) ? 'ipv6' : 'ipv4');
}

/** Addresses for a message: those of the host's interfaces, without loopback. */
export const shownAddresses = ({ addresses }: HostNetwork): readonly string[] =>
  addresses.filter((address) => !/^(?:127\.|::1$|fe80:)|\//.test(address)).slice(0, 10);
