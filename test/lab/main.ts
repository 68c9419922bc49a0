import { parseArgs } from 'node:util';
import { downLab } from './down.ts';
import { breakHost, faults, healHost } from './faults/break-host.ts';
import { engine } from './hosts/engine.ts';
import { containerLog } from './hosts/host-container.ts';
import { resetLab } from './hosts/reset.ts';
import { sshSession } from './hosts/ssh-session.ts';
import { upLab } from './lab.ts';
import { LabError } from './lab-error.ts';
import { paths } from './paths.ts';
import { hostNames, type LabFile, labHost, readLabFile } from './plan/lab-file.ts';
import { balancers, type HostName, type LabSize } from './plan/topology.ts';
import { labStatus, statusTable } from './status.ts';
import { startVendorLab, ways } from './vendor/vendor-lab.ts';

const usage = `usage: npm run lab -- COMMAND [--directory .lab]
  up [--version 3.10.5] [--control-plane 2] [--data-plane 3] [--load-balancers 1] [--edge-gateways 2]
     [--balancer haproxy|nginx]
                             bring the lab up; a lab that is up stays as it is, but for what is said
  vendor [${ways.join('|')}]
                             start a cluster on the bare hosts without api7-orch: by the lines of the vendor's page
                             (default), with gateways by the dashboard's script, or as by compose; writes hosts.yaml
  down                       remove it and all it made
  status                     its hosts, their addresses, ports and containers
  ssh HOST ['COMMAND']       log in as ops; output, input and exit code pass through
  logs HOST                  what the host's services printed
  reset [HOST…]              hosts back to their bare state, with an empty database
  break HOST ${faults.join('|')}
                             break one thing of a host; its containers go on
  heal [HOST…]               undo that`;

const text = { type: 'string' } as const;
function parsed() {
  try {
    return parseArgs({
      options: {
        help: { type: 'boolean', short: 'h' },
        directory: { ...text, default: paths.defaultLab },
        version: text,
        'control-plane': text,
        'data-plane': text,
        'load-balancers': text,
        'edge-gateways': text,
        balancer: text,
      },
      allowPositionals: true,
    });
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : error}\n${usage}`);
    process.exit(2);
  }
}
const { values, positionals } = parsed();
const directory = values.directory;
const note = (line: string) => console.error(line);

async function present(): Promise<LabFile> {
  const lab = await readLabFile(directory);
  if (lab) return lab;
  throw new LabError(`there is no lab in ${directory}: \`npm run lab -- up\` makes one`);
}

function hostNamed(lab: LabFile, name: string | undefined): HostName {
  labHost(lab, name ?? 'nothing');
  return name ?? '';
}

function oneOf<T extends string>(what: string, choices: readonly T[], given: string | undefined): T {
  const found = choices.find((choice) => choice === given);
  if (found !== undefined) return found;
  throw new LabError(`${given ?? 'nothing'} is no ${what}; these are: ${choices.join(' ')}`);
}

function sizeWish(): Partial<LabSize> {
  const given = {
    controlPlane: values['control-plane'],
    dataPlane: values['data-plane'],
    loadBalancers: values['load-balancers'],
    edgeGateways: values['edge-gateways'],
  };
  return Object.fromEntries(
    Object.entries(given).flatMap(([key, value]) => (value === undefined ? [] : [[key, Number(value)]])),
  );
}

async function status(): Promise<number> {
  const hosts = await labStatus(directory);
  console.log(hosts ? statusTable(hosts) : 'no lab');
  return 0;
}

const commands: Readonly<Record<string, (args: readonly string[]) => Promise<number>>> = {
  async up() {
    const balancer = values.balancer && oneOf('balancer of the lab', balancers, values.balancer);
    const lab = await upLab({
      directory,
      note,
      size: sizeWish(),
      version: values.version,
      ...(balancer && { balancer }),
    });
    await status();
    console.log(`inventory: ${lab.inventory}`);
    return 0;
  },
  async vendor([way = 'page']) {
    await present();
    const chosen = oneOf('way to start a cluster', ways, way);
    const lab = await upLab({ directory, note });
    const hosts = await startVendorLab(lab, chosen);
    await status();
    console.log(`hosts: ${hosts}`);
    return 0;
  },
  async down() {
    await downLab(directory);
    return 0;
  },
  status,
  async ssh([host, ...command]) {
    const lab = await present();
    return sshSession(directory, lab, hostNamed(lab, host), command.length > 0 ? command.join(' ') : undefined);
  },
  async logs([host]) {
    const lab = await present();
    const { container } = labHost(lab, hostNamed(lab, host));
    process.stdout.write(await containerLog(await engine(), container, 1000));
    return 0;
  },
  async reset(names) {
    const lab = await present();
    await resetLab(await engine(), lab, names.length > 0 ? names.map((name) => hostNamed(lab, name)) : hostNames(lab));
    return 0;
  },
  async break([host, fault]) {
    const lab = await present();
    await breakHost(await engine(), lab, hostNamed(lab, host), oneOf('way to break a host', faults, fault));
    return 0;
  },
  async heal(names) {
    const lab = await present();
    const hosts = names.length > 0 ? names.map((name) => hostNamed(lab, name)) : hostNames(lab);
    const docker = await engine();
    await Promise.all(hosts.map((name) => healHost(docker, lab, name)));
    return 0;
  },
};

const [name = '', ...args] = positionals;
const command = commands[name];
try {
  if (values.help) console.log(usage);
  else if (!command) throw new LabError(usage);
  else process.exitCode = await command(args);
} catch (error) {
  console.error(error instanceof LabError ? error.message : error);
  process.exitCode = 1;
}
