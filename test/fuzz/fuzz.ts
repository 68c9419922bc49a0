import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import fc from 'fast-check';
import { OrchError } from '../../src/core/base/errors.ts';

/** A reader of external input. */
export interface Target {
  /** Its input: a good one, or one that was changed. */
  readonly input: fc.Arbitrary<string | Buffer>;
  /** Reads it. It may throw an `OrchError` and nothing else; its result is not checked. */
  read(input: string | Buffer): unknown;
}

/** The result for a target. */
export interface Fared {
  readonly executions: number;
  readonly seconds: number;
  /** The longest time for one input, in milliseconds, and the bytes of that input. */
  readonly slowest: { readonly ms: number; readonly bytes: number };
  /** The growth of the process's memory, in MiB, after a collection of all garbage. */
  readonly grownMiB: number;
  readonly failure?: { readonly why: string; readonly file: string };
}

/**
 * Linear time of the processor: a constant for any input, and more for each byte. A busy machine gets a second and a third try.
 */
const BASE_MS = 300;
const MS_PER_BYTE = 0.01;

/** Inputs of one round; the time is checked between rounds. */
const RUNS = 50;

const FOUND = resolve(import.meta.dirname, '../../.cache/fuzz');

/** The fault in reading an input; undefined: none. */
export async function faultOf(target: Target, input: string | Buffer): Promise<string | undefined> {
  for (let tries = 0; ; tries++) {
    const begun = process.cpuUsage();
    try {
      await target.read(input);
    } catch (error) {
      if (!(error instanceof OrchError)) return `it throws ${error instanceof Error ? error.stack : String(error)}`;
    }
    const ms = cpuMs(begun);
    if (ms < BASE_MS + MS_PER_BYTE * input.length) return undefined;
    if (tries === 2) return `it takes ${Math.round(ms)} ms for ${input.length} bytes`;
  }
}

/**
 * Gives a target inputs for so long. It ends at the first fault, whose input is minimized and written to a file.
 *
 * @example const { executions, failure } = await fuzz('nginx', TARGETS.nginx, { forMs: 60_000, seed: Date.now() });
 */
export async function fuzz(
  name: string,
  target: Target,
  { forMs, seed }: { readonly forMs: number; readonly seed: number },
): Promise<Fared> {
  const before = await memory();
  const begun = performance.now();
  let executions = 0;
  let slowest = { ms: 0, bytes: 0 };
  const elapsed = (): number => performance.now() - begun;
  const fared = async (): Promise<Fared> => ({
    executions,
    seconds: elapsed() / 1000,
    slowest,
    grownMiB: Math.round(((await memory()) - before) / 2 ** 20),
  });
  for (let round = 0; elapsed() < forMs; round++) {
    const property = fc.asyncProperty(target.input, async (input) => {
      const from = process.cpuUsage();
      const fault = await faultOf(target, input);
      executions++;
      const ms = Math.round(cpuMs(from));
      if (ms > slowest.ms) slowest = { ms, bytes: input.length };
      if (fault !== undefined) throw new Error(fault);
    });
    const result = await fc.check(property, { seed: seed + round, numRuns: RUNS });
    const [input] = result.counterexample ?? [];
    if (!result.failed || input === undefined) continue;
    return {
      ...(await fared()),
      failure: { why: String(result.errorInstance).slice(0, 1000), file: kept(name, seed + round, input) },
    };
  }
  return fared();
}

function cpuMs(since: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(since);
  return (user + system) / 1000;
}

function kept(name: string, seed: number, input: string | Buffer): string {
  mkdirSync(FOUND, { recursive: true });
  const file = join(FOUND, `${name}-${seed}`);
  writeFileSync(file, input);
  return file;
}

/** The memory in use once it no longer falls: some buffers are freed only when their owner's timers have ended. */
async function memory(): Promise<number> {
  let held = Number.POSITIVE_INFINITY;
  for (let i = 0; i < 20; i++) {
    globalThis.gc?.();
    await new Promise((resolve) => setTimeout(resolve, 300));
    const { heapUsed, external } = process.memoryUsage();
    if (i > 1 && held - heapUsed - external < 2 ** 20) break;
    held = heapUsed + external;
  }
  return held;
}
