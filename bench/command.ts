import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface Ran {
  /** Wall time of the process. */
  readonly ms: number;
  /** Peak resident memory of the largest process among it and its awaited children, in MB (10⁶ bytes). */
  readonly peakMb: number;
  /** Processor time of it and its awaited children, in milliseconds. */
  readonly cpuMs: number;
  readonly stdout: string;
}

export interface CommandOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly stdin?: string;
  readonly cwd?: string;
}

const running = new Set<number>();

/** Ends running commands, each with its children. */
export function killCommands(): void {
  for (const pid of running) {
    try {
      process.kill(-pid, 'SIGKILL');
    } catch {
      // It has ended already.
    }
  }
}

/**
 * Runs a command to its end and measures it. Throws if it fails: a quick failure must not count as a quick success.
 *
 * @example const { ms } = await timed(['ssh', '-F', 'none', '127.0.1.1', 'true'])
 */
export async function timed(words: readonly string[], options: CommandOptions = {}): Promise<Ran> {
  const scratch = mkdtempSync(join(tmpdir(), 'api7-orch-time-'));
  const report = join(scratch, 'time');
  try {
    const begun = performance.now();
    const { code, stdout, stderr } = await run(['/usr/bin/time', '-f', '%M %U %S', '-o', report, ...words], options);
    const ms = performance.now() - begun;
    if (code !== 0)
      throw new Error(`exit code ${code}: ${words.join(' ')}\n${`${stdout}\n${stderr}`.trim().slice(-4000)}`);
    const figures = readFileSync(report, 'utf8').trim().split('\n').at(-1) ?? '';
    const [kibibytes = Number.NaN, user = Number.NaN, system = Number.NaN] = figures.split(' ').map(Number);
    return { ms, peakMb: (kibibytes * 1024) / 1e6, cpuMs: (user + system) * 1000, stdout };
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

async function run([program = '', ...args]: readonly string[], options: CommandOptions): Promise<Ended> {
  // Its own process group, so that it can be ended with all its children.
  const child = spawn(program, args, {
    detached: true,
    stdio: ['pipe', 'pipe', 'pipe'],
    cwd: options.cwd,
    env: { ...process.env, API7_ORCH_BENCH_SECRET: 'of nothing', ...options.env },
  });
  const { pid } = child;
  if (pid !== undefined) running.add(pid);
  const [out, err]: [Buffer[], Buffer[]] = [[], []];
  child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => err.push(chunk));
  child.stdin.on('error', () => {});
  child.stdin.end(options.stdin ?? '');
  try {
    // By exit, not by close: children that it left behind (ssh's master processes) may hold its streams.
    const code = await new Promise<number | null>((done, reject) => child.once('error', reject).once('exit', done));
    await new Promise(setImmediate);
    return { code, stdout: Buffer.concat(out).toString(), stderr: Buffer.concat(err).toString() };
  } finally {
    if (pid !== undefined) running.delete(pid);
    child.stdout.destroy();
    child.stderr.destroy();
  }
}
