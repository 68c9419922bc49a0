import { createHash } from 'node:crypto';
import { readFileSync, readlinkSync } from 'node:fs';
import { codeOf } from '../core/base/errors.ts';
import type { LockProcess } from '../core/host/lock.ts';

/**
 * Identity of the current process; `undefined` if the system does not report it (macOS, or no `/etc/machine-id`).
 *
 * @example thisProcess() // { machine: '5f0c…', boot: '0a8f…', pid: 4711, start: 182233 }
 */
export function thisProcess(): LockProcess | undefined {
  try {
    const { pid } = process;
    const start = startOf(pid);
    return typeof start === 'number' ? { ...processTable(), pid, start } : undefined;
  } catch {
    return undefined;
  }
}

/** Whether a process ran on this machine since its last boot and has ended. `false` if unknown. */
export function hasEnded({ machine, boot, pid, start }: LockProcess): boolean {
  try {
    const here = processTable();
    if (machine !== here.machine || boot !== here.boot) return false;
    const now = startOf(pid);
    return now !== 'unknown' && now !== start;
  } catch {
    return false;
  }
}

function processTable(): Pick<LockProcess, 'machine' | 'boot'> {
  const id = process.env.API7_ORCH_MACHINE_ID ?? readFileSync('/etc/machine-id', 'utf8').trim();
  const machine = createHash('sha256').update(`api7-orch controller ${id} ${readlinkSync('/proc/self/ns/pid')}`);
  return {
    machine: machine.digest('hex').slice(0, 32),
    boot: readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim(),
  };
}

function startOf(pid: number): number | 'ended' | 'unknown' {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name before it may contain any character, `)` included.
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    // A zombie: it has ended, and its parent has not read its exit yet.
    return fields[0] === 'Z' || fields[0] === 'X' ? 'ended' : Number(fields[19]);
  } catch {
    return isKnownToKernel(pid) ? 'unknown' : 'ended';
  }
}

/** /proc may hide the processes of other users (`hidepid`); `kill` does not. */
function isKnownToKernel(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return codeOf(error) !== 'ESRCH';
  }
}
