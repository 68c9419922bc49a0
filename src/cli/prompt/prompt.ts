import { StringDecoder } from 'node:string_decoder';
import { indented, safeText } from '../../core/base/safe-text.ts';
import { Secret, SHORTEST_SECRET } from '../../core/base/secret.ts';
import type { Ask, Question } from '../../transport/ssh/ask.ts';
import { promptLine } from './prompt-line.ts';
import { openTerminal, type PromptTerminal } from './prompt-terminal.ts';
import { watchSignals } from './watch-signals.ts';

export interface PromptOptions {
  /** Ends the open question, and answers no more. */
  readonly signal?: AbortSignal;
  /** Pauses output to the terminal; returns the function that resumes it. */
  readonly hold?: () => Promise<() => void>;
  /** Default: the controlling terminal of this process. */
  readonly open?: () => PromptTerminal | undefined;
  /** Ctrl-C during a question. Default: as elsewhere. */
  readonly interrupt?: () => void;
}

/**
 * Asks at the terminal, one question at a time. Without a terminal there are no answers.
 *
 * @example const ask = terminalAsk({ signal: interrupt.signal });
 */
export function terminalAsk({
  signal,
  hold = async () => () => {},
  open = openTerminal,
  interrupt = interruptOurselves,
}: PromptOptions = {}): Ask {
  let last: Promise<unknown> = Promise.resolve();
  let nobody = false;

  const put = async (question: Question): Promise<Secret | undefined> => {
    if (nobody || signal?.aborted) return undefined;
    const terminal = open();
    if (terminal === undefined) {
      nobody = true;
      return undefined;
    }
    let release = (): void => {};
    // The process may end during the question: the terminal must not stay in raw mode.
    using signals = watchSignals(terminal.close);
    const stop = signal === undefined ? signals.signal : AbortSignal.any([signal, signals.signal]);
    try {
      release = await hold();
      // The signal may have come meanwhile, and a late listener is not called.
      if (stop.aborted) return undefined;
      const { end, text } = await answerAt(terminal, question, stop);
      if (end === 'interrupted') {
        nobody = true;
        interrupt();
      }
      if (end !== 'entered') return undefined;
      if (!question.echo && text.length > 0 && text.length < SHORTEST_SECRET) terminal.write(TOO_SHORT);
      // Input that was visible while typing is no secret: its words must not be masked in later output.
      return question.echo ? Secret.containing(text) : Secret.of(text);
    } finally {
      nobody ||= signals.signal.aborted;
      terminal.write('\n');
      terminal.close();
      release();
    }
  };
  return (question) => {
    const answer = last.then(() => put(question));
    last = answer.catch(() => {});
    return answer;
  };
}

/** A signal to the own process arrives later, after the unanswered question has failed the run. */
function interruptOurselves(): void {
  if (!process.emit('SIGINT')) process.kill(process.pid, 'SIGINT');
}

const TOO_SHORT = `\nwarning: fewer than ${SHORTEST_SECRET} characters cannot be masked in output`;

function answerAt(
  terminal: PromptTerminal,
  question: Question,
  signal: AbortSignal,
): Promise<{ readonly end: ReturnType<ReturnType<typeof promptLine>['end']>; readonly text: string }> {
  return new Promise((resolve) => {
    const line = promptLine(question.echo);
    const decoder = new StringDecoder('utf8');
    const done = (): void => {
      signal.removeEventListener('abort', done);
      resolve({ end: line.end(), text: line.text() });
    };
    signal.addEventListener('abort', done, { once: true });
    terminal.read((chunk) => {
      const show = line.feed(decoder.write(chunk));
      if (show !== '') terminal.write(show);
      if (line.end() !== undefined) done();
    }, done);
    // Printed only after echo is off: typed characters must not show.
    terminal.write(promptText(question));
  });
}

/** api7-orch's own words first, with the host's name; then the host's words as a quotation; the answer below ours. */
function promptText({ what, quoted = [] }: Question): string {
  const ours = indented(safeText(what));
  const text =
    quoted.length === 0 ? ours : [`${ours}; the server's words:`, ...quoted.map(quotedLine), 'answer'].join('\n');
  return text.endsWith(']') ? `${text} ` : `${text}: `;
}

const quotedLine = (line: string): string => `    | ${safeText(line).replaceAll('\n', ' ')}`;
