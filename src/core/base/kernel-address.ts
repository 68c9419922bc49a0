/**
 * An address of `/proc/net/tcp` and `tcp6`: 32-bit words of the machine, which all our machines have in little-endian order.
 * An IPv4 address on a socket for both families is shown as one.
 *
 * @example kernelAddress('0500000A') // '10.0.0.5'
 */
export function kernelAddress(hex: string): string {
  const bytes = (hex.match(/.{8}/g) ?? []).flatMap((word) => (word.match(/../g) ?? []).reverse());
  const v4 = bytes
    .slice(-4)
    .map((byte) => Number.parseInt(byte, 16))
    .join('.');
  return bytes.length === 4 || /^0{20}FFFF/i.test(bytes.join('')) ? v4 : ipv6OfHex(bytes.join(''));
}

/** 32 hex digits as inventories write them: the longest run of zeros left out. */
export function ipv6OfHex(hex: string): string {
  const groups = (hex.toLowerCase().match(/.{4}/g) ?? []).map((group) => group.replace(/^0+(?=.)/, ''));
  return new URL(`http://[${groups.join(':')}]`).hostname.slice(1, -1);
}
