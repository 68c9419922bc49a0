import { OrchError } from '../core/errors.ts';
import type { Reply, RunScript } from './script-reader.ts';

/**
 * One of several requests that one call of a tool can answer, a line for each: starting a program costs a host more
 * than all it does here. Where the tool cannot answer for all of them, each is asked by its own snippet.
 */
export interface Joint<T> {
  /** Requests with the same words are joined: `stat -c %s`. */
  readonly tool: string;
  /** What the tool is asked about, as a shell word. */
  readonly word: string;
  /** A shell's own test, without which the tool is not asked: `[ -f /etc/hosts ]`. */
  readonly test: string;
  parse(line: string): T;
}

/** A request that has been made and not yet answered. */
export interface Waiting {
  readonly snippet: string;
  readonly joint?: Omit<Joint<unknown>, 'parse'> & { settle(line: string): void };
  settle(reply: Reply): void;
  reject(error: unknown): void;
}

/** One request, or several that a tool may answer at once. */
type Question = readonly Waiting[];

/** Words of one call, far below what a kernel takes. */
const MOST = 200;

/** Sorts the requests of a batch into questions. */
export function joined(batch: readonly Waiting[]): readonly Question[] {
  const questions: Waiting[][] = [];
  const open = new Map<string, Waiting[]>();
  for (const request of batch) {
    const tool = request.joint?.tool;
    const others = tool === undefined ? undefined : open.get(tool);
    if (others !== undefined && others.length < MOST) {
      others.push(request);
      continue;
    }
    const fresh = [request];
    questions.push(fresh);
    if (tool !== undefined) open.set(tool, fresh);
  }
  return questions;
}

/** All questions as one script; each answer is closed by the token and its exit code. */
export function batchScript(questions: readonly Question[], token: string): string {
  const close = `printf '\\n${token} %d\\n' "$c"; printf '\\n${token}\\n' >&2`;
  const alone = ({ snippet }: Waiting): string => `(\n${snippet}\n) </dev/null; c=$?; ${close}`;
  const question = (requests: Question): readonly string[] => {
    const [first] = requests;
    const each = requests.map(alone);
    if (requests.length < 2 || first?.joint === undefined) return each;
    const joints = requests.flatMap(({ joint }) => joint ?? []);
    const tests = joints.map(({ test }) => test).join(' && ');
    const words = joints.map(({ word }) => word).join(' ');
    return [
      `if ${tests}; then ${first.joint.tool} ${words} </dev/null 2>/dev/null; c=$?; else c=1; fi; ${close}`,
      'if [ "$c" -ne 0 ]; then',
      ...each,
      'fi',
    ];
  };
  return ['export LC_ALL=C', ...questions.flatMap(question)].join('\n');
}

/** Gives every request its part of what the script printed. */
export function settleAll(questions: readonly Question[], token: string, output: Awaited<ReturnType<RunScript>>): void {
  const next = sections(token, output);
  for (const requests of questions) {
    if (requests.length > 1) {
      const together = next();
      const lines = together?.code === 0 ? together.stdout.toString().split('\n').filter(Boolean) : [];
      if (lines.length === requests.length) {
        for (const [i, { joint }] of requests.entries()) joint?.settle(lines[i] ?? '');
        continue;
      }
    }
    for (const request of requests) {
      const reply = next();
      if (reply === null) request.reject(unanswered(output.stderr));
      else request.settle(reply);
    }
  }
}

/** The answers one after another; `null` once the shell has ended early. */
function sections(token: string, output: Awaited<ReturnType<RunScript>>): () => Reply | null {
  const { stdout, stderr, sentAt, answeredAt } = output;
  let out = 0;
  let err = 0;
  return () => {
    const outEnd = stdout.indexOf(`\n${token} `, out);
    const errEnd = stderr.indexOf(`\n${token}\n`, err);
    if (outEnd < 0 || errEnd < 0) return null;
    const codeAt = outEnd + token.length + 2;
    const codeEnd = stdout.indexOf('\n', codeAt);
    const reply = {
      code: Number(stdout.subarray(codeAt, codeEnd).toString()),
      stdout: stdout.subarray(out, outEnd),
      stderr: stderr.subarray(err, errEnd).toString(),
      sentAt,
      answeredAt,
    };
    out = codeEnd + 1;
    err = errEnd + token.length + 2;
    return reply;
  };
}

const unanswered = (stderr: Buffer): OrchError =>
  new OrchError('READ_FAILED', 'the shell that reads the host ended before it had answered', {
    retryable: true,
    details: stderr.toString().trim().slice(-2000),
  });
