import { ABSENT, ALONE, ASKED } from '../shell/read-functions.ts';
import type { Reply, RunScript, Tool } from './request.ts';
import { readFailed } from './shell-errors.ts';

/** A request without a reply yet. */
export interface Waiting {
  readonly snippet: string;
  readonly joint?: {
    readonly tool: Tool;
    readonly word: string;
    readonly small?: boolean;
    /** `undefined`: the file does not exist. */
    settle(line: string | undefined): void;
  };
  settle(reply: Reply): void;
  reject(error: unknown): void;
}

/** One request, or several that a tool may answer together. */
type Question = readonly Waiting[];

/** Most arguments of one call, far below a kernel's limit. */
const MOST = 200;

/** Groups the requests of a batch by tool. */
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

/** All requests as one script, which leaves only variables behind; the token and the exit code close each reply. */
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

/** Distributes the script's output over the requests. */
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
  // At most as many lines as requests, whatever the host prints.
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

/** Returns the replies one by one; `null` once the shell has ended early. `silent`: no part on stderr. */
function sections(
  token: string,
  output: Awaited<ReturnType<RunScript>>,
): (how?: { readonly silent: boolean }) => Reply | null {
  const { stdout, stderr, sentAt, answeredAt } = output;
  let out = 0;
  let err = 0;
  let isOver = false;
  return ({ silent } = { silent: false }) => {
    // After one missing end mark, the rest is not searched again.
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
