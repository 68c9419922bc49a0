import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startFleet } from './fleet.ts';

/** Hosts for experiments and profiling, until Ctrl-C: `node bench/fleet-up.ts [count]`. */
const count = Number(process.argv[2] ?? 50);
const fleet = await startFleet();
const payload = join(fleet.sshd.directory, 'payload');
writeFileSync(payload, Buffer.alloc(10_000_000, 'payload '));
const inventory = fleet.inventory(count, { vars: { payload, release: 'first' } });
console.log(`export API7_ORCH_INVENTORY=${inventory} API7_ORCH_BENCH_SECRET=of-nothing
api7-orch exec all -- true
api7-orch run bench/playbooks/ten.ts
ssh ${fleet.sshOptions.join(' ')} -p ${fleet.port} ${fleet.sshd.user}@127.0.1.1`);
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
  process.once(signal, () => void fleet[Symbol.asyncDispose]().then(() => process.exit(0)));
setInterval(() => {}, 1 << 30);
