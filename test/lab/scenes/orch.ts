import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { z } from 'zod';
import { paths } from '../paths.ts';

const counts = z.object({
  ok: z.number(),
  changed: z.number(),
  failed: z.number(),
  skipped: z.number(),
  unknown: z.number(),
  unreachable: z.number(),
});
const fault = z.object({
  code: z.string(),
  message: z.string(),
  hint: z.string().optional(),
  host: z.string().optional(),
  task: z.string().optional(),
});
const runEnd = z.object({
  type: z.literal('run.end'),
  outcome: z.string(),
  hosts: z.record(z.string(), counts),
  errors: z.array(fault),
});
const rollStep = z.object({
  type: z.literal('roll.step'),
  host: z.string(),
  step: z.string(),
  status: z.string(),
  note: z.string().optional(),
});
const rolledNode = z.object({
  state: z.string(),
  traffic: z.string(),
  cause: z.string().optional(),
  next: z.string().optional(),
});
const rollEnd = z.object({ type: z.literal('roll.end'), nodes: z.record(z.string(), rolledNode) });

/** One step of one node of a rolling change, as the run reports it. */
export type RollStep = z.infer<typeof rollStep>;

const runStart = z.object({ type: z.literal('run.start'), run: z.string().optional() });
const taskEnd = z.object({ type: z.literal('task.end'), host: z.string(), task: z.string(), status: z.string() });

/** A moment of a run that a test may wait for. */
export type RunMoment = RollStep | z.infer<typeof taskEnd>;

export interface OrchRun {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** Id of the run; one that changes no host has none. */
  readonly id: string | undefined;
  /** `run.end`, if the run gets that far. */
  readonly end: z.infer<typeof runEnd> | undefined;
  /** Every step of every rolling change, in the order of the events. */
  readonly steps: readonly RollStep[];
  /** The result of each node in the last rolling change. */
  readonly nodes: Readonly<Record<string, z.infer<typeof rolledNode>>>;
  /** `host: task` of every task that ended with this status, sorted. */
  with(status: string): readonly string[];
}

export interface OrchOptions {
  /** SIGKILL after this many milliseconds. */
  readonly killAfterMs?: number;
  /** SIGKILL when it resolves; a rejection is the caller's. */
  readonly killOn?: Promise<unknown>;
  readonly env?: Readonly<Record<string, string>>;
  /** Working folder. Default: this repository. */
  readonly cwd?: string;
  /** Called for each moment; `send` sends the process a signal. */
  readonly onEvent?: (event: RunMoment, send: (signal: NodeJS.Signals) => void) => void;
}

/**
 * Runs the command as a user would, in a process of its own, and reads its event stream.
 *
 * @example const run = await orch(['run', 'install', '-i', lab.inventory]); run.with('changed')
 */
export async function orch(args: readonly string[], options: OrchOptions = {}): Promise<OrchRun> {
  const child = spawn(process.execPath, [join(paths.root, 'src/cli/main.ts'), ...wordsOf(args)], {
    cwd: options.cwd ?? paths.root,
    stdio: ['ignore', 'pipe', 'pipe'],
    // Compiled code is cached: tests start hundreds of these.
    env: { ...process.env, NODE_COMPILE_CACHE: join(paths.cache, 'compile'), ...options.env },
  });
  const out: Buffer[] = [];
  const err: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
  const { onEvent } = options;
  if (onEvent) watch(child.stdout, (event) => onEvent(event, (signal) => void child.kill(signal)));
  child.stderr.on('data', (chunk: Buffer) => err.push(chunk));
  const kill =
    options.killAfterMs === undefined ? undefined : setTimeout(() => child.kill('SIGKILL'), options.killAfterMs);
  void options.killOn?.then(
    () => child.kill('SIGKILL'),
    () => undefined,
  );
  const code = await new Promise<number | null>((resolve, reject) =>
    child.once('error', reject).once('close', resolve),
  );
  clearTimeout(kill);
  const stdout = Buffer.concat(out).toString();
  const events = stdout.split('\n').flatMap(parsed);
  return {
    code,
    stdout,
    stderr: Buffer.concat(err).toString(),
    id: events.flatMap((event) => runStart.safeParse(event).data?.run ?? [])[0],
    end: events.flatMap((event) => runEnd.safeParse(event).data ?? [])[0],
    steps: events.flatMap((event) => rollStep.safeParse(event).data ?? []),
    nodes: events.flatMap((event) => rollEnd.safeParse(event).data ?? []).at(-1)?.nodes ?? {},
    with: (status) =>
      events
        .flatMap((event) => taskEnd.safeParse(event).data ?? [])
        .filter((event) => event.status === status)
        .map(({ host, task }) => `${host}: ${task}`)
        .sort(),
  };
}

/** Commands of two words; commands that only report their actions have no other output. */
const groups = ['lb', 'lock', 'runs'];
const spoken = ['lock break', 'runs stop', 'runs gc'];

function wordsOf(args: readonly string[]): readonly string[] {
  const verb = args.slice(0, groups.includes(args[0] ?? '') ? 2 : 1);
  if (spoken.includes(verb.join(' '))) return args;
  return [...verb, '--output', 'json', ...args.slice(verb.length)];
}

function watch(stdout: Readable, onEvent: (event: RunMoment) => void): void {
  createInterface({ input: stdout }).on('line', (line) => {
    for (const event of parsed(line)) {
      const moment = rollStep.safeParse(event).data ?? taskEnd.safeParse(event).data;
      if (moment) onEvent(moment);
    }
  });
}

/** The last line may be cut where the process was killed. */
function parsed(line: string): readonly unknown[] {
  try {
    return line === '' ? [] : [JSON.parse(line)];
  } catch {
    return [];
  }
}
