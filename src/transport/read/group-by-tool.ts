import { ABSENT, ALONE, ASKED } from '../shell/read-functions.ts';
import type { Reply, RunScript, Tool } from './request.ts';
import { readFailed } from './shell-errors.ts';

/** A request that has been made and not yet answered. */
export interface Waiting {
  readonly snippet: string;
  readonly joint?: {
    readonly tool: Tool;
    readonly word: string;
    readonly small?: boolean;
    /** `undefined`: there is no such file. */
    settle(line: string | undefined): void;
  };
  settle(reply: Reply): void;
  reject(error: unknown): void;
}

/** One request, or several that a tool may answer at once. */
type Question = readonly Waiting[];

/** Words of one call, far below what a kernel takes. */
const MOST = 200;

/** Sorts the requests of a batch into questions. */
export function groupByTool(batch: readonly Waiting[]): readonly Question[] {
  const questions: Waiting[][] = [];
  const open = new Map<Tool, Waiting[]>();
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

/** All questions as one script, which leaves nothing behind but variables; each answer is closed by the token and its exit code. */
export function batchScript(questions: readonly Question[], token: string): string {
  const alone = ({ snippet }: Waiting): string => `(\n${snippet}\n) </dev/null; c=$?; ended`;
  const together = (requests: Question, { test, many, small = many, one }: Tool): string => {
    const by = requests.every(({ joint }) => joint?.small === true) ? small : many;
    return `joint ${[test, by, one, ...requests.flatMap(({ joint }) => joint?.word ?? [])].join(' ')}`;
  };
  return [
    `mark=${token} o=`,
    ...questions.flatMap((requests) => {
      const tool = requests[0]?.joint?.tool;
      return tool === undefined ? requests.map(alone) : together(requests, tool);
    }),
  ].join('\n');
}

/** Gives every request its part of what the script printed. */
export function settleAll(questions: readonly Question[], token: string, output: Awaited<ReturnType<RunScript>>): void {
  const next = sections(token, output);
  const settleAlone = (request: Waiting): void => {
    const reply = next();
    if (reply === null) request.reject(readFailed(output.stderr.toString()));
    else request.settle(reply);
  };
  for (const requests of questions) {
    if (requests[0]?.joint === undefined) requests.forEach(settleAlone);
    else settleJoint(requests, next({ silent: true }), settleAlone, output.stderr);
  }
}

function settleJoint(
  requests: Question,
  together: Reply | null,
  settleAlone: (request: Waiting) => void,
  stderr: Buffer,
): void {
  // No more lines than were asked for, however many there are.
  const [marks = '', ...lines] = together?.stdout.toString().split('\n', requests.length + 1) ?? [];
  let asked = 0;
  for (const [i, request] of requests.entries()) {
    const mark = together?.code === 0 ? marks[i] : ALONE;
    const line = mark === ASKED ? lines[asked++] : undefined;
    if (mark === ABSENT) request.joint?.settle(undefined);
    else if (mark === ALONE) settleAlone(request);
    else if (line !== undefined && line !== '') request.joint?.settle(line);
    else request.reject(readFailed(stderr.toString()));
  }
}

/** The answers one after another; `null` once the shell has ended early. `silent`: this one has no part on stderr. */
function sections(
  token: string,
  output: Awaited<ReturnType<RunScript>>,
): (how?: { readonly silent: boolean }) => Reply | null {
  const { stdout, stderr, sentAt, answeredAt } = output;
  let out = 0;
  let err = 0;
  let isOver = false;
  return ({ silent } = { silent: false }) => {
    // A missing end is looked for once, not once for each request.
    if (isOver) return null;
    const outEnd = stdout.indexOf(`\n${token} `, out);
    const errEnd = silent ? err : stderr.indexOf(`\n${token}\n`, err);
    isOver = outEnd < 0 || errEnd < 0;
    if (isOver) return null;
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
    if (!silent) err = errEnd + token.length + 2;
    return reply;
  };
}
