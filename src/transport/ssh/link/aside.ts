import { OrchError } from '../../../core/base/errors.ts';
import type { Launch, ShellProcess } from '../../shell/shell-process.ts';
import type { SshLink } from './link.ts';

/**
 * Starts urgent commands on a second connection if the first has no free session: sshd limits sessions per connection.
 * The second connection ends with the process.
 *
 * @example const launch = launchAside(link.launch, () => openLink(target, options)); await launch(line, { urgent: true
 *   })
 */
export function launchAside(launch: Launch, open: () => Promise<SshLink>): Launch {
  return async (line, wish) => {
    try {
      return await launch(line, wish);
    } catch (error) {
      if (wish?.urgent !== true || !isFull(error)) throw error;
    }
    const link = await open();
    try {
      return endingWith(link, await link.launch(line));
    } catch (error) {
      await link.close();
      throw error;
    }
  };
}

const endingWith = (link: SshLink, process: ShellProcess): ShellProcess => ({
  ...process,
  abandon() {
    process.abandon();
    link.close().catch(() => {});
  },
});

const isFull = (error: unknown): boolean => error instanceof OrchError && error.code === 'CHANNEL_REFUSED';
