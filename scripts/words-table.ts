/** A word of the glossary in docs/architecture.md that must not come back, and the word to use. */
export interface Replaced {
  /** Matches the old word in prose, in any case, as whole words. */
  readonly old: string;
  readonly use: string;
}

/**
 * The old words. A word with a plain meaning as well is counted only in the phrases that the glossary replaces: `look like`,
 * `look for`, `stand for`, `as well` and `in turn` are plain English.
 */
export const REPLACED: readonly Replaced[] = [
  {
    old: 'nobody|somebody|whoever|anybody|everybody|someone|anyone|everyone',
    use: 'operator, another tool, or the host',
  },
  { old: 'a person|persons?', use: 'the operator' },
  { old: '(by|of|from) hand', use: 'external, or manually' },
  { old: 'theirs|strangers?', use: 'external, or the noun' },
  { old: 'what serves|(which|that|who) serves?', use: 'serving node' },
  { old: 'components?', use: 'service' },
  { old: 'seats?|siblings?', use: 'member, peer' },
  { old: 'driven|unspoken|spoken to|not asked(?! (for|again))|not told', use: 'managed, unmanaged' },
  { old: 'statements?|what is stated|as stated', use: 'task' },
  { old: 'disrupts what|may alter', use: 'can interrupt traffic' },
  { old: 'as wanted|as it should be|as they should be', use: 'up to date' },
  { old: 'touch(ed|es|ing)?(?! --)|untouched', use: 'change, changed, unchanged' },
  { old: 'not known|(cannot|can not|could not|can) be (told|said)', use: 'unknown' },
  {
    old: '(is|are|was|were|be|been|being|stays?|goes|went) (away|silent)|silent|silence',
    use: 'unreachable, no response',
  },
  {
    old: '(hosts?|nodes?|machines?|balancers?|network) (that )?(is|are|was|were) (away|gone|lost)',
    use: 'unreachable',
  },
  { old: '(a|an|the|this|that|each|every|whole|one|another|its|no|of) rolls?(?! back)', use: 'rolling change' },
  {
    old: '(a|the|its|no|their|whose|his|this|each|every|free|have|has) turns?(?! (out|into|off|on|of the event loop))',
    use: 'disruption gate',
  },
  { old: 'waves?', use: 'batch' },
  { old: 'bears?', use: 'budget allows, or has' },
  { old: 'guards?', use: 'dependency check' },
  {
    old: '(take|takes|taken|taking|took) (it |them |this |that |one |a node |nodes |the node )?out(?! of the)',
    use: 'drain',
  },
  { old: '(out of|in|into|from) traffic', use: 'drained, in service' },
  { old: 'isolate[sd]?|isolating', use: 'drain again' },
  { old: 'proofs?|prov(e|es|ed|en|ing)|emptied|quiet', use: 'idle, verify, show' },
  {
    old: '(give|gives|given|giving|gave|hand|hands|handed|handing) (it |them |this |that |one |a node |nodes |the node )?back',
    use: 'restore, return',
  },
  { old: 'watch(es|ed|ing)?', use: 'soak, monitor' },
  {
    old: '(?<!\\bas )(is|are|was|were|be|been|all|stays?|still|not|runs?|works?|answers?) well|unwell|troubled',
    use: 'healthy, unhealthy',
  },
  { old: 'on record', use: 'has a lease, recorded' },
  { old: '(keep|keeps|kept) (it |them )?out', use: 'held' },
  { old: 'evidence', use: 'diagnostics' },
  { old: 'mend(s|ed|ing)?|put right|see to', use: 'repair, fix' },
  { old: '(go|goes|going|gone|went) on(?! hold)', use: 'continue, resume' },
  { old: 'look(s|ed|ing)?(?!(:|\\(| (like|alike|for|up)))', use: 'read, observe, check' },
  { old: '(stand|stands|standing|stood)(?! for)|sights?', use: 'be, view, snapshot' },
  { old: 'told|tells?|telling', use: 'report, print, show, record' },
  { old: 'say|says|said|saying', use: 'report, print, show, state' },
  { old: 'anew|once more', use: 'again, recreate' },
  {
    old: 'blam(e|es|ed|ing)|guilty|hurts?|mourn\\w*|strange|spoilt|spoiled|forsaken|hopeless',
    use: 'a state of the glossary',
  },
  { old: 'colours?|dialled|labelled|time-outs?|licences?|behaviours?|honours?|neighbours?', use: 'American spelling' },
];

/** Old words of `src` only: a test injects faults, and the code reports errors. */
export const REPLACED_IN_SRC: readonly Replaced[] = [{ old: 'faults?', use: 'error' }];

/** Old names of identifiers, with their case: counted in all code. */
export const RENAMED: readonly Replaced[] = [
  {
    old: 'Seat|seatsOf|placeName|NginxPlace|UnspokenPool|DrivenPool|unspoken',
    use: 'PoolMember, NodeBalancing, unmanaged',
  },
  { old: 'TurnsClosed|FREE_TURNS|hasTurn', use: 'DisruptionRefused, UNGATED, mayDisrupt' },
  {
    old: 'NO_TURN|TURN_TAKEN|ROLL_HELD|ROLL_BUDGET_USED|ROLL_BUDGET|CONTROL_PLANE_AWAY|DRAIN_HOLD|LAST_MEMBER|DEADLINES|LB_ANSWER|LB_LEASE|NOT_GIVEN_BACK',
    use: 'the code in docs/errors.md',
  },
  {
    old: 'mourners|stretchAhead|FIRM|tidings|lookAround|lookAtSeats|lookAtHosts|seeHaproxy|HaproxySight',
    use: 'a verb and a noun',
  },
  {
    old: 'NginxLook|TellFlags|LookFlags|tellPlan|tellEnds|tellStrays|wordsFor|drainTail|orHold|orGoOn|keepsHold',
    use: 'a verb and a noun',
  },
  { old: 'outOfTraffic|backInTraffic|stillOut', use: 'drainMember, restoreMember, stillDrained' },
  {
    old: 'isHeldAlone|heldBySomebody|closedSince|Colour|isWell|takesMore|sayPool',
    use: 'isExternallyHeld, Color, isHealthy',
  },
];

/** A place that keeps an old word, and why. */
export interface Kept {
  readonly file: string;
  /** A piece of the line. */
  readonly text: string;
  readonly why: string;
}

/** A place that no longer has its word fails the test. */
export const KEPT: readonly Kept[] = [
  {
    file: 'src/tasks/yaml-file.ts',
    text: '# Written by api7-orch; changes by hand are undone by the next run.',
    why: 'the first line of every mounted configuration: another text restarts all fleets',
  },
  {
    file: 'src/transport/lock/lock-script.ts',
    text: "'  echo quiet'",
    why: 'a word between the script and its reader',
  },
  {
    file: 'src/transport/files/write-scripts.ts',
    text: 'ownScript(owned), `look',
    why: 'a shell function on the host',
  },
];
