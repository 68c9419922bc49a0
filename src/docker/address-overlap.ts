const isIpv6 = (address: string): boolean => address.includes(':') && address !== '::';

/** `::` accepts IPv4 connections as well. */
const includes = (address: string, other: string): boolean =>
  address === '' || address === '::' || (address === '0.0.0.0' && !isIpv6(other));

/** Whether a port on one of these host addresses is taken on the other: the all-addresses forms overlap with each. */
export const addressesOverlap = (a: string, b: string): boolean => a === b || includes(a, b) || includes(b, a);
