// Prepares a machine for the scripts of this repository: packages, a current Node, a Docker Engine. Plain JavaScript
// without dependencies, for Node 20 and later: it runs before anything is installed. Prints nothing and is quick if
// everything is installed; `--no-docker` leaves the Engine out.
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, openSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const root = resolve(import.meta.dirname ?? new URL('.', import.meta.url).pathname, '..');
const cache = join(root, '.cache');
const isRoot = process.getuid?.() === 0;
const baseImages = ['api7-orch-lab/debian:bookworm', 'debian:bookworm-slim'];

class Stop extends Error {}

try {
  installPackages();
  checkNode();
  if (!process.argv.includes('--no-docker')) await ensureDocker();
} catch (error) {
  if (!(error instanceof Stop)) throw error;
  console.error(`setup: ${error.message}`);
  process.exitCode = 1;
}

function installPackages() {
  const lock = join(root, 'package-lock.json');
  const stamp = join(root, 'node_modules/.setup-stamp');
  const wanted = createHash('sha256').update(readFileSync(lock)).digest('hex');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return;
  const installed = join(root, 'node_modules/.package-lock.json');
  // Installed manually: npm writes this file last.
  const current = existsSync(installed) && statSync(installed).mtimeMs >= statSync(lock).mtimeMs;
  if (!current) {
    say('npm ci');
    // By default npm tries for ten minutes before it reports a missing network.
    const impatient = ['--fetch-retry-mintimeout=1000', '--fetch-retry-maxtimeout=5000', '--fetch-timeout=60000'];
    run('npm', ['ci', '--no-audit', '--no-fund', ...impatient], 'npm ci failed: is the package registry reachable?');
  }
  writeFileSync(stamp, wanted);
}

function checkNode() {
  const node = join(root, 'node_modules/.bin/node');
  const { stdout } = spawnSync(node, ['--version'], { encoding: 'utf8' });
  const [major = 0, minor = 0] = (stdout ?? '').replace('v', '').split('.').map(Number);
  if (major > 24 || (major === 24 && minor >= 12)) return;
  throw new Stop(
    `${stdout ? `node_modules/.bin/node is ${stdout.trim()}` : 'node_modules/.bin/node does not run'}, 24.12 is needed: ` +
      'remove node_modules and run this again; install scripts of the package "node" must be allowed',
  );
}

async function ensureDocker() {
  if (!(await answers())) {
    if (process.env.DOCKER_HOST)
      throw new Stop(
        `no Docker Engine answers on DOCKER_HOST=${process.env.DOCKER_HOST}: start it, or unset the variable`,
      );
    if (!isRoot)
      throw new Stop(
        'no Docker Engine answers: start it or let this user use it (group docker), or run this once as root',
      );
    if (!hasProgram('dockerd')) aptInstall(['docker.io', 'iptables']);
    else if (!hasProgram('iptables')) aptInstall(['iptables']);
    if (!(await answers())) await startDocker();
  }
  // The lab issues its certificates with it.
  if (isRoot && !hasProgram('openssl')) aptInstall(['openssl']);
  if (isRoot && !process.env.DOCKER_HOST && !hasProgram('debootstrap') && !(await hasBaseImage())) {
    // Only a machine without a registry needs it, but only a failed pull shows that.
    if (hasProgram('apt-get')) aptInstall(['debootstrap']);
  }
}

async function startDocker() {
  say('starting the Docker Engine');
  const log = join(cache, 'dockerd.log');
  if (existsSync('/run/systemd/system')) run('systemctl', ['start', 'docker'], 'systemctl start docker failed');
  else {
    mkdirSync(cache, { recursive: true });
    const out = openSync(log, 'a');
    spawn('dockerd', [], { detached: true, stdio: ['ignore', out, out] })
      .on('error', () => {})
      .unref();
  }
  for (let tries = 0; tries < 300; tries += 1) {
    if (await answers()) return;
    await sleep(200);
  }
  const said = existsSync(log) ? readFileSync(log, 'utf8').trimEnd().split('\n').slice(-10).join('\n') : '';
  throw new Stop(`the Docker Engine does not answer within 60 s${said ? `; ${log} ends:\n${said}` : ''}`);
}

async function answers() {
  const host = process.env.DOCKER_HOST;
  // Another scheme than a socket: the client itself reports errors.
  if (host && !/^(unix|tcp|http):\/\//.test(host)) return true;
  return (await ask('/_ping')) === 200;
}

async function hasBaseImage() {
  const statuses = await Promise.all(baseImages.map((name) => ask(`/images/${name}/json`)));
  return statuses.includes(200);
}

/** The status of a request to the Engine, 0 without a response. */
function ask(path) {
  const host = process.env.DOCKER_HOST ?? 'unix:///var/run/docker.sock';
  const url = host.startsWith('unix://') ? null : new URL(host.replace(/^tcp:/, 'http:'));
  const target = url ? { host: url.hostname, port: url.port } : { socketPath: host.slice('unix://'.length) };
  return new Promise((done) => {
    request({ ...target, path, timeout: 3000 }, (answer) => {
      answer.resume();
      done(answer.statusCode);
    })
      .on('timeout', function () {
        this.destroy();
      })
      .on('error', () => done(0))
      .end();
  });
}

function hasProgram(name) {
  return [...(process.env.PATH ?? '').split(':'), '/usr/sbin', '/sbin', '/usr/local/sbin'].some((directory) =>
    existsSync(join(directory, name)),
  );
}

function aptInstall(packages) {
  const names = packages.join(' ');
  if (!hasProgram('apt-get'))
    throw new Stop(`${names} is missing, and this machine has no apt-get: install it manually`);
  say(`apt-get install ${names}`);
  const options = ['-o', 'DPkg::Lock::Timeout=300'];
  // On a machine without systemd a package's own start script would race with this one.
  const policy = '/usr/sbin/policy-rc.d';
  const ours = !existsSync('/run/systemd/system') && !existsSync(policy);
  if (ours) writeFileSync(policy, '#!/bin/sh\nexit 101\n', { mode: 0o755 });
  try {
    run('apt-get', [...options, 'update'], 'apt-get update failed: is the network there?');
    run(
      'apt-get',
      [...options, 'install', '-y', '--no-install-recommends', ...packages],
      `apt-get cannot install ${names}`,
    );
  } finally {
    if (ours) rmSync(policy, { force: true });
  }
}

function run(program, args, failure) {
  try {
    execFileSync(program, args, {
      cwd: root,
      stdio: 'pipe',
      encoding: 'utf8',
      maxBuffer: 1 << 26,
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    });
  } catch (error) {
    const lines = `${error.stdout ?? ''}${error.stderr ?? ''}`.trimEnd().split('\n');
    // npm prints its usage after the reason; apt-get prints the reason last.
    const reasons = lines.filter((line) => /^(npm error \S|E: |Err:)/.test(line)).slice(0, 10);
    const said = (reasons.length > 0 ? reasons : lines.slice(-10)).join('\n');
    throw new Stop(`${failure} (${program} ${args.join(' ')})\n${said || error.message}`);
  }
}

function say(line) {
  console.error(`setup: ${line} …`);
}
