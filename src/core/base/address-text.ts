/** An address in the form that a URL or `address:port` needs: IPv6 in brackets (RFC 3986). */
export const bracketed = (address: string): string => (address.includes(':') ? `[${address}]` : address);

/**
 * An address with a port.
 *
 * @example addressWithPort('fd00::1', 9080) // '[fd00::1]:9080'
 */
export const addressWithPort = (address: string, port: number | string): string => `${bracketed(address)}:${port}`;
