import { codes } from './error-meaning.ts';

/** Codes of input, playbooks and the run itself. */
export const RUN_CODES = codes({
  CLAIM_OVERLAP: ['two tasks would write the same thing', 'change one of them'],
  DELEGATED_IMPACT: ['a delegated task may interrupt traffic on another host', 'state it in a play of that host'],
  DEPENDS_ON_ABSENT: ['a task depends on one whose state is absent', 'change one of them'],
  DID_NOT_CONVERGE: [
    'the written state differs when it is read back',
    'something on the host changes it, or the task type has a bug',
  ],
  DURATION_INVALID: ['the text is not a duration', 'write 500ms, 10s, 8m or 1m30s'],
  DURATION_TOO_LONG: ['the duration is too long', 'the longest is 596h'],
  EXTRA_VARS: ['a playbook variable is invalid', 'set it with -e key=value'],
  FENCED: [
    'another run has taken over the lock of a host; this one stopped and wrote nothing more',
    'wait until that run has ended, then run the same command again',
  ],
  GATE_UNMET: ['a condition was not met', 'read the message'],
  HOST_LOCKED: [
    'another run holds the lock of a host',
    'wait for it (--lock-wait 10m), or ask it to stop: lock break --reason TEXT',
  ],
  HOST_UNKNOWN: ['the host is not in the inventory', 'correct the name'],
  INTERNAL: ['a bug in api7-orch', 'report it with the stack trace'],
  INTERRUPTED: ['the run was interrupted', 'run the same command to resume'],
  INVENTORY_INVALID: ['the inventory has errors', 'correct the file; api7-orch inventory validate checks it'],
  INVENTORY_UNREADABLE: ['the inventory cannot be read', 'name the file with -i'],
  LOCAL_FILE_MISSING: ['a local file does not exist or cannot be read', 'correct the path'],
  LOCAL_FILE_UNREADABLE: ['a local file cannot be read', 'check the file'],
  NOT_KNOWN: ['a result did not become known', 'use the result of a task whose state is present'],
  NOT_SETTLED: [
    'tasks differ again after all of them were done',
    'run with --check --diff to see what changes by itself',
  ],
  NO_HOSTS_MATCHED: ['no host matches', 'correct the pattern or --limit'],
  NO_POOLS: ['no pool matches', 'name members of a pool or hosts of its balancers'],
  NO_TERMINAL: [
    'a password is needed, and there is no terminal',
    'run on a terminal, or use !env or !file in the inventory',
  ],
  OUTCOME_UNKNOWN: [
    'the connection was lost during a change that is not confirmed by reading',
    'check on the host whether it ran, then run again',
  ],
  PATTERN_INVALID: ['the host pattern is invalid', 'write group, host, *, !host, [0], [1:3] or ~regex'],
  PLAYBOOK_INVALID: ['the playbook could not be loaded', 'read the message'],
  PLAYBOOK_NOT_FOUND: ['there is no such playbook', 'check the name or path'],
  RESUME_AMBIGUOUS: ['several runs could be meant', 'name one of them: api7-orch resume RUN'],
  RESUME_DRIFT: [
    'the inventory, the playbook or api7-orch is not the one with which the run began',
    'restore it, or accept the difference with --replan',
  ],
  RUN_FINISHED: ['the run has finished: there is nothing to resume', 'to repeat it, run its command'],
  RUN_NOT_FOUND: [
    'no host has a record of such a run',
    'see runs list -i INVENTORY; or run the same command again: what is done stays as it is',
  ],
  RUN_RECORD_FOREIGN: ['the run is of another cluster', 'name the inventory of that cluster with -i'],
  RUN_RECORD_INVALID: [
    'the record of a run on a host is damaged, too large, or names what it must not',
    'run the same command again in place of resume',
  ],
  RUN_RECORD_NEWER: [
    'the record of a run was written by a later version of api7-orch',
    'resume it with that version, or run the same command again',
  ],
  TASK_NOT_YIELDED: ['a task uses another one that was not yielded before', 'yield that task first'],
  TASK_TYPE: [
    'the definition of a task, gate or query type is invalid',
    'correct what is given to defineTask, defineGate or defineQuery',
  ],
  TASK_PARAMS: ['the parameters of a task are invalid', 'correct them in the playbook'],
  USAGE: ['a flag or argument is invalid', 'read the hint; see --help'],
});
