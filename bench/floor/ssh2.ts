// The floor: a loop with only ssh2. `node ssh2.mjs JOB` with a job as JSON in a file.
import { readFileSync } from 'node:fs';
import ssh2 from 'ssh2';
import type { FloorJob } from '../floor-job.ts';

const file = process.argv[2] ?? '';
const job: FloorJob = JSON.parse(readFileSync(file, 'utf8'));
const parsed = ssh2.utils.parseKey(readFileSync(job.identityFile));
if (parsed instanceof Error) throw parsed;
const login: ssh2.PublicKeyAuthMethod = { type: 'publickey', username: job.user, key: parsed };
const hostKey = Buffer.from(job.hostKey.split(' ')[1] ?? '', 'base64');
const open: ssh2.Client[] = [];

function connected(address: string): Promise<ssh2.Client> {
  const client = new ssh2.Client();
  return new Promise((resolve, reject) => {
    client.once('connect', () => client.setNoDelay(true));
    client.once('ready', () => resolve(client));
    client.once('error', reject);
    client.connect({
      host: address,
      port: job.port,
      username: job.user,
      authHandler: [login],
      hostVerifier: (offered: Buffer) => offered.equals(hostKey),
      readyTimeout: 120_000,
    });
  });
}

function exitOf(client: ssh2.Client, command: string): Promise<number> {
  return new Promise((resolve, reject) => {
    client.exec(command, (error, channel) => {
      if (error) return reject(error);
      channel.on('exit', (code: number | null) => resolve(code ?? -1));
      channel.resume();
      channel.stderr.resume();
    });
  });
}

async function work({ address, command }: FloorJob['hosts'][number]): Promise<void> {
  const client = await connected(address);
  open.push(client);
  if (command === undefined) return;
  const code = await exitOf(client, command);
  if (code !== 0) throw new Error(`${address}: exit code ${code}`);
}

const waiting = [...job.hosts];
async function worker(): Promise<void> {
  for (let host = waiting.shift(); host !== undefined; host = waiting.shift()) await work(host);
}
await Promise.all(Array.from({ length: Math.min(job.forks, waiting.length) }, worker));
for (const client of open) client.end();
