import type { Mutant } from './mutants.ts';

const engine = (file: string, why: string, find: string, replace: string, by: Mutant['by'] = 'engine'): Mutant => ({
  file: `src/engine/${file}`,
  find,
  replace,
  why,
  by,
});

const MEETINGS = ['test/engine/roll/meetings.test.ts'];
const ROLL = ['test/engine/roll/roll.test.ts', 'test/engine/roll/roll-again.test.ts'];

/** Mistakes between the machine that decides and the tasks that act. */
export const ENGINE_MUTANTS: readonly Mutant[] = [
  engine(
    'roll/roll.ts',
    'a program does not wait for its drain',
    '    await drained;\n',
    '    void drained.catch(() => undefined);\n',
  ),
  engine(
    'apply/apply-host.ts',
    'a disruptive change needs no drain',
    'await this.#waitForDrain();',
    'this.#mayDisrupt = true;',
  ),
  engine(
    'roll/while-drained.ts',
    'the wait until idle is skipped',
    '() => traffic.waitIdle(), {',
    '() => traffic.checkDependencies(), {',
  ),
  engine(
    'apply/apply-host.ts',
    'the check right before a stop is skipped',
    'if (this.#mayDisrupt) await this.#run.gate.aboutToStop(this.#run.host.name);',
    '',
  ),
  engine(
    'roll/steps.ts',
    'the control plane is not checked before a stop',
    '      await this.run(node, () => traffic.checkDependencies(this.#context.play.options.rolling), { quiet: true });\n',
    '',
  ),
  engine(
    'roll/steps.ts',
    'after a drain that a reload has undone, the wait until idle is skipped',
    '      if (isAgain) await untilIdle(drained, this.#context.urgent);\n',
    '',
  ),
  engine(
    'roll/while-drained.ts',
    'a drain that a reload has undone is given up',
    '!isLost(error) || left <= 1',
    '!isLost(error) || left <= 3',
  ),
  engine(
    'roll/step-programs.ts',
    'a node is restored before it is ready',
    'traffic.waitReady();',
    'traffic.restore();',
  ),
  engine(
    'roll/step-programs.ts',
    'the wait until a node is in service is skipped',
    'return () => traffic.waitInService();',
    'return () => traffic.restore();',
  ),
  engine(
    'apply/write-entry.ts',
    'a lost reply counts as a failure',
    'if (!isConnectionLost(error) || losses++ >= LOSSES) throw error;',
    'throw error;',
  ),
  engine(
    'apply/write-entry.ts',
    'a lost reply counts as a success',
    "if (plan.status === 'change') await",
    "if (plan.status === 'change' && losses === 0) await",
  ),
  engine(
    'roll/step-result.ts',
    'an unreachable host counts as healthy',
    "return { kind: 'lost', fault };",
    "return { kind: 'ok' };",
  ),
  engine(
    'roll/step-result.ts',
    'a question for the operator counts as a failure',
    "return { kind: 'hold', fault };",
    "return { kind: 'failed', fault };",
  ),
  engine(
    'roll/steps.ts',
    'finished nodes are not rechecked',
    "if (step === 'recheck') await recheck(this.#context, this, details.nodes ?? []);",
    "if (step === 'recheck') return undefined;",
  ),
  engine(
    'roll/recheck.ts',
    'what is found of nodes done earlier is passed over',
    '  if (worst !== undefined) throw worst.error;\n',
    '  void worst;\n',
  ),
  engine(
    'roll/steps.ts',
    'no diagnostics of a failed node are collected',
    "this.#context.emit({ type: 'roll.evidence', host: node, evidence });",
    'void evidence;',
  ),
  engine(
    'roll/while-drained.ts',
    'a drain that is lost while the node is waited for is not looked for',
    'if (clock.now() - looked < LOOK_MS) return;',
    'return;',
    MEETINGS,
  ),
  engine(
    'roll/steps.ts',
    'the work of another run is reported as a failure of this one',
    "if (other === '') return error;",
    'return error;',
    MEETINGS,
  ),
  engine(
    'roll/soak.ts',
    'the soak is skipped',
    'const until = clock.now() + this.#soakMs;\n    const soak',
    'const until = clock.now();\n    const soak',
  ),
  engine(
    'roll/soak.ts',
    'the node itself is not checked at the end',
    '    await steps.run(node, () => traffic.stillHealthy(), { quiet: true });\n',
    '',
  ),
  engine(
    'roll/roll.ts',
    'an old observation decides',
    '      this.#seen = await this.#look();\n',
    '      if (Object.keys(this.#seen).length === 0) this.#seen = await this.#look();\n',
  ),
  engine(
    'roll/roll.ts',
    'a program continues while its node is restored',
    '    await progress.over.promise;\n    const failure = this.failure(host);\n',
    '    const failure = this.failure(host);\n',
  ),
  engine(
    'roll/roll.ts',
    'what an earlier run left drained is waited for in vain',
    'isUnfinished({ seen: (await this.#look([host], true))[host] })',
    '(await this.#look([host], true)) === undefined',
  ),
  engine(
    'roll/roll.ts',
    'a node that failed during its change continues as without the failure',
    'this.#applied(host, resultOf(failure, host));',
    "this.#applied(host, { kind: 'ok' });",
  ),
  engine(
    'roll/roll.ts',
    'a program whose drain never comes waits for ever',
    'this.#progressOf(host).stop(new DisruptionRefused(',
    'void (new DisruptionRefused(',
  ),
  engine(
    'roll/roll.ts',
    'an interrupt is not heard',
    "context.signal.addEventListener('abort', () => this.#send({ type: 'interrupted' }), { once: true });",
    '',
  ),
  engine(
    'roll/roll.ts',
    'the return of the network is not noticed',
    "context.onNetwork?.((up) => this.#send({ type: 'network', up }));",
    '',
  ),
  engine(
    'roll/roll.ts',
    'the operator’s answer is not awaited',
    ".then((go) => this.#send({ type: 'answered', go }));",
    ';',
  ),
  engine('roll/budget-scope.ts', 'balancers are overlooked', 'balanced: traffic !== undefined', 'balanced: false'),
  engine(
    'roll/budget-scope.ts',
    'members outside the run do not count',
    '...pools.flatMap(({ members }) => members)',
    '',
  ),
  engine(
    'run-play.ts',
    'a finished node that becomes unhealthy is not reported',
    "result.status === 'ok' ? gate.failure(name) : undefined",
    "result.status === 'skipped' ? gate.failure(name) : undefined",
  ),
  engine(
    'plan/plan-host.ts',
    'a question whose answer was lost is not asked again',
    'if (lost.size === 0) return readings;',
    'if (lost.size < 99) return readings;',
  ),
  engine(
    'plan/hosts.ts',
    'hosts are judged by what came before the network was back',
    '            if (!silent) begun = this.#clock.now();\n',
    '            if (!silent) throw error;\n',
    ['test/engine/network.test.ts'],
  ),
  engine(
    'roll/roll.ts',
    'hosts that wait keep their place from others',
    '    this.#context.slots.free(host);\n    const drained',
    '    const drained',
    ROLL,
  ),
  engine('roll/begin-roll.ts', 'an outage needs no confirmation', 'if (pools.length === 0) return;', 'return;', ROLL),
  engine('roll/begin-roll.ts', 'time limits need not fit', 'if (faults.length > 0)', 'if (faults.length > 99)', ROLL),
];
