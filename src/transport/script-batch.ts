import type { Reply, RunScript } from './script-reader.ts';
import { readFailed } from './shell-faults.ts';

/** A program, or a shell function, that answers for many paths at once, a line for each. */
export interface Tool {
  /** Words of a command; the paths follow. Requests of the same tool are joined. */
  readonly call: string;
  /** A shell's own test of `$p`, without which the tool is not asked about it: `[ -f "$p" ]`. */
  readonly test: string;
  /** Shell functions that `call` needs. It sees in `$o` what the tool before it has printed. */
  readonly functions?: string;
}

/**
 * One of several requests that one call of a tool can answer: starting a program costs a host more than all it does
 * here. What is certainly not there is not even asked about; what the tool cannot answer for is asked by its own snippet.
 */
export interface Joint<T> {
  readonly tool: Tool;
  /** What the tool is asked about, as a shell word. */
  readonly word: string;
  parse(line: string): T;
  /** The answer when there is no such file. */
  readonly absent: T;
}

/** A request that has been made and not yet answered. */
export interface Waiting {
  readonly snippet: string;
  readonly joint?: {
    readonly tool: Tool;
    readonly word: string;
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
export function joined(batch: readonly Waiting[]): readonly Question[] {
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

/** What became of each path of a joint question. */
const ABSENT = '0';
const ASKED = '1';
const ALONE = '2';

/** True of a path `$p` that is certainly not there: what it would stand in can be searched. */
const GONE = [
  'gone() {',
  '  [ ! -e "$p" ] && [ ! -L "$p" ] || return 1',
  '  g=$p',
  `  until [ -e "$g" ] || [ -L "$g" ]; do g=\${g%/*}; [ "$g" ] || g=/; done`,
  '  [ -d "$g" ] && [ -x "$g" ]',
  '}',
].join('\n');

/** All questions as one script; each answer is closed by the token and its exit code. */
export function batchScript(questions: readonly Question[], token: string): string {
  const close = `printf '\\n${token} %d\\n' "$c"; printf '\\n${token}\\n' >&2`;
  const alone = ({ snippet }: Waiting): string => `(\n${snippet}\n) </dev/null; c=$?; ${close}`;
  const together = (requests: Question, { call, test }: Tool): readonly string[] => [
    'k=; set --',
    `for p in ${requests.flatMap(({ joint }) => joint?.word ?? []).join(' ')}; do`,
    `  if ${test}; then set -- "$@" "$p"; k=\${k}${ASKED}; elif gone; then k=\${k}${ABSENT}; else k=\${k}${ALONE}; fi`,
    'done',
    `c=0; [ $# -eq 0 ] || { o=$(${call} "$@" </dev/null 2>/dev/null); c=$?; }`,
    `printf '%s\\n' "$k"; [ $# -eq 0 ] || printf '%s' "$o"; ${close}`,
    `[ "$c" -eq 0 ] || k=${ALONE.repeat(requests.length)}`,
    ...requests.map((request) => `case $k in ${ALONE}*) ${alone(request)} ;; esac; k=\${k#?}`),
  ];
  const tools = new Set(questions.flatMap(([first]) => first?.joint?.tool ?? []));
  return [
    'export LC_ALL=C',
    'o=',
    ...(tools.size > 0 ? [GONE] : []),
    ...[...tools].flatMap(({ functions }) => functions ?? []),
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
    else settleJoint(requests, next(), settleAlone, output.stderr);
  }
}

function settleJoint(
  requests: Question,
  together: Reply | null,
  settleAlone: (request: Waiting) => void,
  stderr: Buffer,
): void {
  const [marks = '', ...lines] = together?.stdout.toString().split('\n') ?? [];
  for (const [i, request] of requests.entries()) {
    const mark = together?.code === 0 ? marks[i] : ALONE;
    const line = mark === ASKED ? lines.shift() : undefined;
    if (mark === ABSENT) request.joint?.settle(undefined);
    else if (mark === ALONE) settleAlone(request);
    else if (line !== undefined && line !== '') request.joint?.settle(line);
    else request.reject(readFailed(stderr.toString()));
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
