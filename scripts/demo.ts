import { spawn } from 'node:child_process';
import { relative } from 'node:path';
import { parseArgs, styleText } from 'node:util';
import { downLab } from '../test/lab/down.ts';
import { type Lab, upLab } from '../test/lab/lab.ts';
import { sendRequests } from '../test/lab/load/traffic.ts';
import { paths } from '../test/lab/paths.ts';

const usage = 'usage: npm run demo [-- --down]';
const REQUESTS = 300;

const headline = (text: string): void => console.log(`\n${styleText('bold', text)}`);

/** Runs api7-orch as a user would. */
function orch(...args: readonly string[]): Promise<number> {
  const child = spawn(process.execPath, ['src/cli/main.ts', ...args], {
    cwd: paths.root,
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  return new Promise((resolve, reject) => child.once('error', reject).once('close', (code) => resolve(code ?? 1)));
}

async function demo(): Promise<number> {
  headline('1. Seven machines: 2 control plane, 3 gateways, load balancer, database');
  const lab = await upLab({ note: (line) => console.log(`   ${line}`) });
  const inventory = relative(paths.root, lab.inventory);
  console.log(`   up; inventory: ${inventory}`);

  headline(`2. api7-orch run install -i ${inventory}`);
  const first = await orch('run', 'install', '-i', inventory);
  if (first !== 0) return first;

  headline('3. The same command again: no changes');
  const second = await orch('run', 'install', '-i', inventory);
  if (second !== 0) return second;

  headline(`4. ${REQUESTS} requests through the load balancer`);
  const traffic = await sendRequests(lab.url('gateways'), REQUESTS);
  console.log(`   ${traffic.good} of ${traffic.sent} requests returned 200`);
  for (const [gateway, count] of Object.entries(traffic.gateways))
    console.log(
      `   ${gateway}  ${String(count).padStart(4)} responses, config ${traffic.revisions[gateway]?.join(', ')}`,
    );
  for (const [what, count] of Object.entries(traffic.bad)) console.log(styleText('red', `   ${what}: ${count}`));
  if (traffic.good !== REQUESTS || Object.keys(traffic.gateways).length !== 3) return 1;

  nextSteps(lab, inventory);
  return 0;
}

function nextSteps(lab: Lab, inventory: string): void {
  headline('The cluster runs. Open in a browser:');
  console.log(`   API7 Dashboard, through the load balancer    ${lab.url('dashboards')}/
   the gateways, through the load balancer      ${lab.url('gateways')}/
   the statistics page of the load balancer     ${lab.url('stats')}/`);
  headline('Try next:');
  console.log(`   # show versions, health and traffic
   npm run -s orch -- status -i ${inventory}
   # restart the gateways, one after another, each drained
   npm run -s orch -- run rolling-restart -i ${inventory}
   # stop a gateway, show the planned changes, and apply them
   npm run -s lab -- ssh gw-2 'sudo docker stop api7-gateway'
   npm run -s orch -- run install -i ${inventory} --check --diff
   npm run -s orch -- run install -i ${inventory}
   # remove the demo
   npm run demo -- --down`);
}

const { values } = parseArgs({
  options: { down: { type: 'boolean', default: false }, help: { type: 'boolean', short: 'h' } },
});
if (values.help) console.log(usage);
else if (values.down) await downLab(paths.defaultLab);
else process.exitCode = await demo();
