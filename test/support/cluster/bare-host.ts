import { FakeHost, type FakeHostOptions } from '../../../src/testing/fake-host.ts';

const ROOT = { mode: '0644', owner: 'root', group: 'root' };

/** A fake host with the directories that the toy tasks write into. */
export function bareHost(options: Partial<FakeHostOptions> = {}): FakeHost {
  const fake = new FakeHost({ name: 'h1', ...options });
  for (const path of ['/etc', '/run']) fake.files.set(path, { type: 'directory', content: Buffer.alloc(0), ...ROOT });
  return fake;
}

/** Writes a file there externally. */
export function put(fake: FakeHost, path: string, content: string): void {
  fake.files.set(path, { type: 'file', content: Buffer.from(content), ...ROOT });
}
