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
    'a program does not wait for its turn',
    '    await drained;\n',
    '    void drained.catch(() => undefined);\n',
  ),
  engine('apply/apply-host.ts', 'what disrupts needs no turn', 'await this.#takeTurn();', 'this.#mayDisrupt = true;'),
  engine(
    'roll/while-drained.ts',
    'a drain is not proved',
    '() => traffic.waitIdle(), {',
    '() => traffic.checkDependencies(), {',
  ),
  engine(
    'apply/apply-host.ts',
    'nobody looks right before a stop',
    'if (this.#mayDisrupt) await this.#run.turns.aboutToStop(this.#run.host.name);',
    '',
  ),
  engine(
    'roll/steps.ts',
    'the control plane is not looked at before a stop',
    '      await this.run(node, () => traffic.checkDependencies(this.#context.play.options.rolling), { quiet: true });\n',
    '',
  ),
  engine(
    'roll/steps.ts',
    'a drain that a reload has undone is not proved once more',
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
    'a node is given back before it is ready',
    'traffic.waitReady();',
    'traffic.restore();',
  ),
  engine(
    'roll/step-programs.ts',
    'nobody waits until a node is in service',
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
    'a host that is gone counts as well',
    "return { kind: 'lost', fault };",
    "return { kind: 'ok' };",
  ),
  engine(
    'roll/step-result.ts',
    'what a person must decide counts as a failure',
    "return { kind: 'hold', fault };",
    "return { kind: 'failed', fault };",
  ),
  engine(
    'roll/steps.ts',
    'nodes done earlier are not looked at again',
    "else if (step === 'recheck') await recheck(this.#context, this, place.nodes ?? []);",
    "else if (step === 'recheck') return undefined;",
  ),
  engine(
    'roll/recheck.ts',
    'what is found of nodes done earlier is passed over',
    '  if (worst !== undefined) throw worst.error;\n',
    '  void worst;\n',
  ),
  engine(
    'roll/steps.ts',
    'nothing is told of why a node failed',
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
    'the work of another run is told as a failure of this one',
    "if (other === '') return error;",
    'return error;',
    MEETINGS,
  ),
  engine(
    'roll/soak.ts',
    'nobody watches for a while',
    'const until = clock.now() + this.#soakMs;\n    const soak',
    'const until = clock.now();\n    const soak',
  ),
  engine(
    'roll/soak.ts',
    'the node itself is not looked at in the end',
    '    await steps.run(node, () => traffic.stillHealthy(), { quiet: true });\n',
    '',
  ),
  engine(
    'roll/roll.ts',
    'an old look decides',
    '      this.#seen = await this.#look();\n',
    '      if (Object.keys(this.#seen).length === 0) this.#seen = await this.#look();\n',
  ),
  engine(
    'roll/roll.ts',
    'a program goes on while its node is given back',
    '    await turn.over.promise;\n    const failure = this.failure(host);\n',
    '    const failure = this.failure(host);\n',
  ),
  engine(
    'roll/roll.ts',
    'what an earlier run left drained is waited for in vain',
    '(await this.#look([host], true))[host]?.drainedByRun === true',
    '(await this.#look([host], true)) === undefined',
  ),
  engine(
    'roll/roll.ts',
    'a node that failed while it was changed goes on as if it had not',
    'this.#applied(host, resultOf(failure, host));',
    "this.#applied(host, { kind: 'ok' });",
  ),
  engine(
    'roll/roll.ts',
    'a program whose turn will not come waits for ever',
    'this.#turnOf(host).stop(new DisruptionRefused(',
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
    'the network that was away is not heard of',
    "context.onNetwork?.((up) => this.#send({ type: 'network', up }));",
    '',
  ),
  engine('roll/roll.ts', 'a person is not waited for', ".then((go) => this.#send({ type: 'answered', go }));", ';'),
  engine('roll/budget-scope.ts', 'balancers are overlooked', 'balanced: traffic !== undefined', 'balanced: false'),
  engine(
    'roll/budget-scope.ts',
    'members outside the run do not count',
    '...pools.flatMap(({ members }) => members)',
    '',
  ),
  engine(
    'run-play.ts',
    'a node found bad after it was done is not told',
    "result.status === 'ok' ? turns.failure(name) : undefined",
    "result.status === 'skipped' ? turns.failure(name) : undefined",
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
  engine(
    'roll/begin-roll.ts',
    'an outage needs nobody who wants it',
    'if (pools.length === 0) return;',
    'return;',
    ROLL,
  ),
  engine('roll/begin-roll.ts', 'time limits need not fit', 'if (faults.length > 0)', 'if (faults.length > 99)', ROLL),
];
