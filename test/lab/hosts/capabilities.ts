import { readFile } from 'node:fs/promises';

// In the order of their bits, linux/capability.h; without those newer than 37, which Docker 20.10 does not know.
const names = [
  'CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP LINUX_IMMUTABLE NET_BIND_SERVICE',
  'NET_BROADCAST NET_ADMIN NET_RAW IPC_LOCK IPC_OWNER SYS_MODULE SYS_RAWIO SYS_CHROOT SYS_PTRACE SYS_PACCT SYS_ADMIN',
  'SYS_BOOT SYS_NICE SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG MKNOD LEASE AUDIT_WRITE AUDIT_CONTROL SETFCAP MAC_OVERRIDE',
  'MAC_ADMIN SYSLOG WAKE_ALARM BLOCK_SUSPEND AUDIT_READ',
]
  .join(' ')
  .split(' ');

/**
 * The capabilities that this machine can give to a container, by name, out of this process's bounding set (proc(5),
 * `CapBnd`). `--privileged` asks for all of them and fails where one is missing.
 * @example await grantedCapabilities() // ['CHOWN', 'DAC_OVERRIDE', …]
 */
export async function grantedCapabilities(): Promise<string[]> {
  const status = await readFile('/proc/self/status', 'utf8').catch(() => '');
  return capabilitiesIn(status.match(/^CapBnd:\s*([0-9a-f]+)$/m)?.[1] ?? '3ffeffffff');
}

/** The names in a capability mask. @example capabilitiesIn('3') // ['CHOWN', 'DAC_OVERRIDE'] */
export function capabilitiesIn(mask: string): string[] {
  const bits = BigInt(`0x${mask}`);
  return names.filter((_, bit) => (bits >> BigInt(bit)) & 1n);
}
