import { randomBytes } from 'node:crypto';
import { PassThrough } from 'node:stream';
import type Docker from 'dockerode';
import type { HostResult } from './host-exec.ts';

/** The engine's stream for a process with stdin: a socket, which need not keep this process alive. */
interface HijackedStream extends NodeJS.ReadWriteStream {
  ref?(): void;
  unref?(): void;
  destroy(): void;
}

/**
 * One bash on a host, started through the engine of this machine, that runs scripts side by side. Starting a process through the
 * engine takes a tenth of a second of processor time, and tests read their hosts all the time.
 */
export class HostShell {
  readonly #stream: HijackedStream;
  readonly #waiting = new Map<string, PromiseWithResolvers<HostResult>>();
  #count = 0;
  isOver = false;

  static async open(docker: Docker, container: string): Promise<HostShell> {
    const exec = await docker.getContainer(container).exec({
      Cmd: ['bash', '-c', agent, 'host-shell', randomBytes(4).toString('hex')],
      AttachStdin: true,
      AttachStdout: true,
    });
    const stream = (await exec.start({ hijack: true, stdin: true })) as unknown as HijackedStream;
    return new HostShell(docker, container, stream);
  }

  private constructor(docker: Docker, container: string, stream: HijackedStream) {
    this.#stream = stream;
    const replies = new PassThrough();
    docker.modem.demuxStream(stream, replies, replies);
    let rest = '';
    replies.setEncoding('utf8').on('data', (text: string) => {
      const lines = (rest + text).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) this.#replied(line);
    });
    const over = () => {
      this.isOver = true;
      for (const { reject } of this.#waiting.values()) reject(new Error(`the shell of ${container} has ended`));
      this.#waiting.clear();
    };
    stream.on('end', over).on('close', over).on('error', over);
    stream.unref?.();
  }

  run(script: string): Promise<HostResult> {
    const id = String(this.#count++);
    const waiting = Promise.withResolvers<HostResult>();
    this.#waiting.set(id, waiting);
    this.#stream.ref?.();
    this.#stream.write(`${id} ${Buffer.from(script).toString('base64')}\n`);
    return waiting.promise;
  }

  #replied(line: string): void {
    const [id = '', code, out = '', err = ''] = line.split(' ');
    const text = (base64: string) => Buffer.from(base64, 'base64').toString();
    this.#waiting.get(id)?.resolve({ code: Number(code), out: text(out), err: text(err) });
    this.#waiting.delete(id);
    if (this.#waiting.size === 0) this.#stream.unref?.();
  }
}

// One line for each script, base64; one line for each reply: number, exit code, stdout, stderr. Files, because background
// processes of a script would keep a pipe open. The lock keeps long replies apart.
const agent = `
mkdir -p /run/lab; cd /; exec 3>&1; at=/run/lab/shell-$1
while read -r id script; do
  (
    bash -c "$(base64 -d <<<"$script")" >$at-$id.out 2>$at-$id.err </dev/null 3>&-
    code=$?
    { /usr/bin/flock 9; printf '%s %s %s %s\\n' $id $code "$(base64 -w0 $at-$id.out)" "$(base64 -w0 $at-$id.err)" >&3; } 9>$at.lock
    rm -f $at-$id.out $at-$id.err
  ) &
done
rm -f $at.lock`;
