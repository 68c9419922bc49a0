import { z } from 'zod';
import { sha256 } from '../../../src/core/base/data.ts';
import { OrchError } from '../../../src/core/base/errors.ts';
import type { Reader } from '../../../src/core/host/connection.ts';
import { defineGate } from '../../../src/core/task/define-gate.ts';
import { defineTask } from '../../../src/core/task/define-task.ts';
import { Task } from '../../../src/core/task/task.ts';

/** Small task types for the fake host's files: enough to show everything that the engine derives. */

const ROOT = { mode: '0644', owner: 'root', group: 'root' } as const;
const anyTask = z.custom<Task>((value) => value instanceof Task);

/** A file is its digest. */
const ofFile = {
  claim: (p: { readonly path: string }) => `file:${p.path}` as const,
  async read(p: { readonly path: string }, host: Reader) {
    const digest = await host.sha256(p.path);
    return digest === null ? null : { digest };
  },
  want: (p: { readonly content: string }) => ({ digest: sha256(p.content) }),
};

export const note = defineTask({
  kind: 'note',
  params: z.object({ path: z.string(), content: z.string(), broken: z.boolean().default(false) }),
  impact: 'none',
  ...ofFile,
  write: (p, _change, host) => host.writeFile(p.path, p.broken ? 'something else' : p.content, ROOT),
});

/** Like `note`, but serving traffic depends on it. */
export const served = defineTask({
  kind: 'served',
  params: z.object({ path: z.string(), content: z.string() }),
  ...ofFile,
  write: (p, _change, host) => host.writeFile(p.path, p.content, ROOT),
});

/** Like `served`, and it stops a service: checks again right before. */
export const replaced = defineTask({
  kind: 'replaced',
  params: z.object({ path: z.string(), content: z.string() }),
  ...ofFile,
  async write(p, _change, host, _local, report) {
    await report.aboutToStop();
    await host.writeFile(p.path, p.content, ROOT);
  },
});

/** Holds the digests of its input tasks: changes when one of them does. Reading needs /engine to exist. */
export const process_ = defineTask({
  kind: 'process',
  params: z.object({ name: z.string(), restartOn: z.array(anyTask) }),
  claim: (p) => `state:${p.name}`,
  async read(p, host) {
    if ((await host.stat('/engine')) === null) throw new OrchError('X_ENGINE_MISSING', 'there is no engine');
    const text = await host.read(`/run/${p.name}`);
    return text === null ? null : { started: text.toString() };
  },
  want: (p, _now, { see }) => ({ started: p.restartOn.map((task) => JSON.stringify(see(task))).join() }),
  write: (p, change, host) => host.writeFile(`/run/${p.name}`, change.after?.started ?? '', ROOT),
  result: (state) => ({ pid: state.started.length }),
});

/** A gate over a file's content. */
export const answered = defineGate({
  kind: 'answered',
  params: z.object({
    path: z.string(),
    passes: z.number().default(1),
    within: z.number().default(5000),
    every: z.number().default(100),
    hopeless: z.string().optional(),
    onTimeout: z.enum(['warn', 'hold', 'fail']).default('fail'),
  }),
  title: (p) => `answered ${p.path}`,
  look: async (p, host) => (await host.read(p.path))?.toString() ?? '',
  met: (_p, text) => text === 'yes',
  patience: (p) => ({ withinMs: p.within, everyMs: p.every, passes: p.passes }),
  unmet: (p, text) => new OrchError('X_NOT_ANSWERED', `${p.path} said "${text}"`),
  cannotRecover: (p, text) => (text === p.hopeless ? new OrchError('X_HOPELESS', 'no use') : undefined),
  onTimeout: (p) => p.onTimeout,
});

/** A file that must not exist; it has no usable result. */
export const gone = defineTask({
  kind: 'gone',
  params: z.object({ path: z.string() }),
  impact: 'none',
  claim: (p) => `file:${p.path}`,
  read: async (p, host) => ((await host.sha256(p.path)) === null ? null : { there: true }),
  want: () => null,
  write: (p, _change, host) => host.remove(p.path),
  result: ({ there }) => ({ there }),
});

/** Runs each time, without a state to read. */
export const job = defineTask({
  kind: 'job',
  params: z.object({ name: z.string() }),
  impact: 'none',
  claim: (p) => `command:${p.name}`,
  confirmed: () => false,
  read: async () => ({ done: false as boolean }),
  want: () => ({ done: true }),
  write: async (p, _change, host) => void (await host.run({ argv: [p.name] })),
});
