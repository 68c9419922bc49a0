import { parseArgs } from 'node:util';
import { downLab } from './down.ts';
import { engine } from './engine.ts';
import { containerLog } from './host-container.ts';
import { upLab } from './lab.ts';
import { LabError } from './lab-error.ts';
import { type LabFile, readLabFile } from './lab-file.ts';
import { paths } from './paths.ts';
import { resetLab } from './reset.ts';
import { sshSession } from './ssh-session.ts';
import { labStatus, statusTable } from './status.ts';
import { type HostName, hostNames, isHostName } from './topology.ts';

const usage = `usage: npm run lab -- COMMAND [--directory .lab]
  up [--version 3.10.5]      bring the lab up; a lab that is up stays as it is
  down                       remove it and all it made
  status                     its hosts, their addresses, ports and containers
  ssh HOST ['COMMAND']       log in as ops; output, input and exit code pass through
  logs HOST                  what the host's services printed
  reset [HOST…]              hosts back to their bare state, with an empty database
hosts: ${hostNames.join(' ')}`;

const { values, positionals } = parseArgs({
  args: process.argv.slice(2),
  options: { directory: { type: 'string', default: paths.defaultLab }, version: { type: 'string' } },
  allowPositionals: true,
});
const directory = values.directory;
const note = (line: string) => console.error(line);

async function present(): Promise<LabFile> {
  const lab = await readLabFile(directory);
  if (lab) return lab;
  throw new LabError(`there is no lab in ${directory}: \`npm run lab -- up\` makes one`);
}

function hostNamed(text: string | undefined): HostName {
  if (text !== undefined && isHostName(text)) return text;
  throw new LabError(`${text ?? 'nothing'} is no host of the lab; these are: ${hostNames.join(' ')}`);
}

async function status(): Promise<number> {
  const hosts = await labStatus(directory);
  console.log(hosts ? statusTable(hosts) : 'no lab');
  return 0;
}

const commands: Readonly<Record<string, (args: readonly string[]) => Promise<number>>> = {
  async up() {
    const lab = await upLab({ directory, note, ...(values.version !== undefined && { version: values.version }) });
    await status();
    console.log(`inventory: ${lab.inventory}`);
    return 0;
  },
  async down() {
    await downLab(directory);
    return 0;
  },
  status,
  async ssh([host, ...command]) {
    const lab = await present();
    return sshSession(directory, lab, hostNamed(host), command.length > 0 ? command.join(' ') : undefined);
  },
  async logs([host]) {
    const lab = await present();
    process.stdout.write(await containerLog(await engine(), lab.hosts[hostNamed(host)].container, 1000));
    return 0;
  },
  async reset(names) {
    const lab = await present();
    await resetLab(await engine(), lab, names.length > 0 ? names.map(hostNamed) : hostNames);
    return 0;
  },
};

const [name = '', ...args] = positionals;
const command = commands[name];
try {
  if (!command) throw new LabError(usage);
  process.exitCode = await command(args);
} catch (error) {
  console.error(error instanceof LabError ? error.message : error);
  process.exitCode = 1;
}
