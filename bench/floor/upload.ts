// The transport's own upload, without the engine. `node upload.mjs JOB` with a job as JSON in a file.
import { readFileSync } from 'node:fs';
import { enableCompileCache } from 'node:module';
import { pathToFileURL } from 'node:url';

interface UploadJob {
  readonly transport: string;
  readonly user: string;
  readonly port: number;
  readonly identityFile: string;
  readonly knownHosts: string;
  readonly local: string;
  readonly sha256: string;
  readonly hosts: readonly { readonly name: string; readonly address: string; readonly remote: string }[];
}

// Like api7-orch itself.
enableCompileCache();

const file = process.argv[2] ?? '';
const job: UploadJob = JSON.parse(readFileSync(file, 'utf8'));
const { connectSsh }: typeof import('../../src/transport/ssh/ssh.ts') = await import(pathToFileURL(job.transport).href);

await Promise.all(
  job.hosts.map(async ({ name, address, remote }) => {
    const target = {
      name,
      address,
      port: job.port,
      user: job.user,
      identityFiles: [job.identityFile],
      knownHosts: [job.knownHosts],
      become: 'none',
      connectTimeoutMs: 60_000,
    } as const;
    const host = await connectSsh(target, { acceptNewHostKeys: false });
    await host.upload(job.local, remote, { sha256: job.sha256, mode: '0644', owner: job.user, group: job.user });
    await host.close();
  }),
);
