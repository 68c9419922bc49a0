/**
 * An address from `/proc/net/tcp` or `tcp6`: 32-bit words in the machine's byte order, little-endian on all supported
 * hosts. An IPv4 address on a dual-stack socket is returned as IPv4.
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

/** 32 hex digits in the usual IPv6 notation: the longest run of zeros is left out. */
export function ipv6OfHex(hex: string): string {
  const groups = (hex.toLowerCase().match(/.{4}/g) ?? []).map((group) => group.replace(/^0+(?=.)/, ''));
  return new URL(`http://[${groups.join(':')}]`).hostname.slice(1, -1);
}
