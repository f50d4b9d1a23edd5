/**
 * Every limit of the product, in one place, each with its reason. Units stand last in the name.
 */
export const LIMITS = {
  /** A request body; an intent or proposal is a few KB, and the plan that follows must fit one ledger entry. */
  bodyBytes: 256 * 1024,
  /** Nesting of any parsed JSON: deeper input has no honest use and costs stack. */
  jsonDepth: 32,
  /** Actions listed as depending on one that is to be reversed: more than a person looks through. */
  dependentsListed: 100,
  /** Actions that were taken back before, whose receipts come with a reversal: about 3 kB each, and the request is recorded. */
  reversalReceipts: 8,
  /** Attempts to undo one action: names of undo steps have one digit, and after so many a person has to look elsewhere. */
  undoAttempts: 9,
  /** Longest time after an action in which it may be reversed, in milliseconds: the task stays open to timers for so long. */
  reversalWindowMs: 30 * 86_400_000,
  /** Steps in one plan: keeps a plan inside one ledger entry and one commit round. */
  planSteps: 32,
  /** Sub-playbooks inside of each other: what people still follow. */
  playbookDepth: 4,
  /** Features of one release: each is evaluated for each task. */
  features: 32,
  /** Canonical bytes of a signed plan: its base64 and the decisions must fit one 65,535-byte entry. */
  planBytes: 24 * 1024,
  /** Bytes of one chain record: a record larger than an entry could never be delivered and would stop its executor's outbox. */
  recordBytes: 64_000,
  /** Bytes of the values beside one record: a row of an object's storage holds 2 MB, and one that does not fit would fail a whole round. */
  recordValuesBytes: 1_800_000,
  /** Characters of earlier results that the arguments of one step may refer to: with the action's own values they must fit beside a record. */
  resolvedChars: 512 * 1024,
  /** Rules, and rules not yet decided, that a recorded decision names; the explanation of any answer stays readable and its record small. */
  decisionRules: 20,
  /** Reviews that one decision may ask for; more is a policy gone wrong and denies. */
  decisionReviews: 16,
  /** Failed rules that a recorded decision names, and characters of each message. */
  decisionErrors: 5,
  decisionErrorChars: 200,
  /** A CEL expression's source length, in characters. */
  celChars: 2_000,
  /** AST nodes of one CEL expression: bounds the work of one evaluation, together with loops and list sizes. */
  celNodes: 200,
  /** Comprehensions in one CEL expression: one loop is linear, two nested are quadratic. */
  celLoops: 1,
  /** Places of one token in a text that are looked at for a negation: a person names a thing a few times, and an attacker's text is long. */
  namingPlaces: 100,
  /** Schema nodes of one contract, references expanded: bounds the work of one check. */
  contractNodes: 2_000,
  /** Canonical characters of one contract's schema. */
  contractChars: 64 * 1024,
  /** Pairs of schema nodes looked at when two contracts are compared: unions multiply, and publishing has some 30 s of CPU at most. */
  contractComparisons: 20_000,
  /** Changes of a contract that one answer names. */
  contractChangesNamed: 50,
  /** Quality gates of one automation: each is asked before an intent is planned. */
  gates: 20,
  /** How long failures of gates are gathered in an isolate before they are written. */
  gateFlushMs: 500,
  /** Hours for which failures of gates are counted, and gates that one answer names. */
  gateHoursKept: 24 * 7,
  gateAlerts: 100,
  /** Characters of one `pattern`. */
  patternChars: 256,
  /** Ways in which one `pattern` can be tried on a value: the regex engine backtracks and has no timeout. */
  patternWays: 100_000,
  /** Violations named in one problem: enough to fix an input, bounded to keep the problem small. */
  violationsNamed: 5,
  /** Elements of a list or map that a policy may see. */
  factElements: 1_000,
  /** Rules in one policy. */
  policyRules: 2_000,
  /** Exceptions of one policy from the guard of roles: each is asked for every write that needs it. */
  policyUnguarded: 50,
  /** Aggregate limits in one policy: each that applies is a call to its own object before an action. */
  policyLimits: 20,
  /** Longest window of an aggregate limit. */
  limitWindowMs: 366 * 24 * 3_600_000,
  /** Plan rounds of one task: an agent that needs more is looping. */
  taskRounds: 16,
  /** Steps of one task over all rounds: when its time is over all of them end in one record, some 150 bytes each. */
  taskSteps: 256,
  /** A task without another deadline ends after this long. */
  taskDeadlineMs: 7 * 24 * 3_600_000,
  /** A review without another deadline expires after this long. */
  reviewDeadlineMs: 24 * 3_600_000,
  /** How long a signed plan may wait to be admitted; admission follows signing at once, so minutes are generous. */
  planLifetimeMs: 10 * 60_000,
  /** How long a person's signature may wait until it is used, where nothing else ends it: the person is still there, and sends it at once. */
  personSignatureMs: 10 * 60_000,
  /** Tolerated clock difference between two planes. */
  clockSkewMs: 30_000,
  /** One ledger entry, canonical bytes: C2SP entry bundles carry a 16-bit length. */
  entryBytes: 65_535,
  /** Longest `Prefer: wait`, in seconds: below common proxy timeouts. */
  waitSeconds: 25,
  /** Attempts of one step whose earlier attempt was proved not executed, where its contract says nothing else; and the most it may say. */
  effectAttempts: 6,
  effectAttemptsMost: 20,
  /** Pause before the next of them: 20 ms, 80 ms, 320 ms, …: a moved record is read again at once, a struggling target gets air. */
  retryBaseMs: 20,
  retryFactor: 4,
  retryCapMs: 60_000,
  /** Time that all attempts of one step may take, where its contract says nothing else; and the most it may say. Bounds Retry-After too. */
  retryTotalMs: 15 * 60_000,
  retryTotalMostMs: 24 * 3_600_000,
  /** Further attempts of all steps of one task: a task that needs more is in trouble that trying does not cure. */
  taskRetries: 128,
  /** Questions about one effect in doubt, with pauses of 1 s, 2 s, … 10 min, within half a day: an outage passes, then a person decides. */
  doubtAsks: 16,
  doubtBaseMs: 1_000,
  doubtCapMs: 10 * 60_000,
  doubtTotalMs: 12 * 3_600_000,
  /** Longest wait of one step: as long as a task may live. */
  waitSecondsMost: 90 * 86_400,
  /** One signal's payload, canonical bytes; what one task keeps until a step takes it; signals of one task over its life. */
  signalBytes: 16 * 1024,
  signalsKept: 32,
  signalsKeptBytes: 128 * 1024,
  taskSignals: 256,
  /** Outcomes reported of one task, superseded ones included; the longest note of one; capabilities that one is counted for. Each is a small record. */
  taskOutcomes: 32,
  /** Judgements of one sampled action: people who change their minds. */
  stepJudgements: 8,
  outcomeNoteChars: 1_000,
  outcomeCapabilities: 32,
  /** Of an intake limit on open tasks: executors asked at a time which have ended, how soon the same one again, and what a refused caller waits. */
  intakeLooks: 32,
  intakeLookMs: 1_000,
  intakeFullRetrySeconds: 2,
  /** How long a task that was let in may take to be opened: a request lasts no longer. */
  intakeLostMs: 60_000,
  /** Inputs that a rolling baseline follows at most; baselines of one contract version; tasks whose answer from them is remembered. */
  baselineWindow: 100_000,
  baselinesKept: 100,
  baselineTasks: 10_000,
  /** Feature toggles of a tenant, all of them read for one event that asks; changes that one answer shows. */
  toggles: 500,
  togglesShown: 100,
  /** Toggles that one release looks at: their values stand in each of its plans. */
  releaseToggles: 20,
  /** Triggers of one automation: each that asks for an event's type is computed for it. Automations of a tenant that have any. */
  triggers: 20,
  triggeredAutomations: 200,
  /** How late a run of a cron trigger may be and still be on time; how far back missed runs are looked for, and how many a trigger may make up for. */
  cronGraceMs: 10 * 60_000,
  cronBackMs: 7 * 24 * 3_600_000,
  cronCatchUp: 10,
  /** Due minutes that one look finds: every minute of a week. */
  cronDue: 10_080,
  /** One event with its attributes, bytes: the least that the specification asks receivers to take. One batch: its events, and its bytes. */
  eventBytes: 64 * 1024,
  eventBatch: 100,
  eventBatchBytes: 1024 * 1024,
  /** Events of one batch that are taken side by side. */
  eventLanes: 8,
  /** Attributes of an event: characters of a source, of another attribute, and how many extensions. */
  eventSourceChars: 500,
  eventAttributeChars: 500,
  eventExtensions: 20,
  /** How long an event that set a trigger off is remembered, and how many such events one object remembers: a tenant has 1,024 objects. */
  eventKeptMs: 7 * 24 * 3_600_000,
  eventsKept: 100_000,
  /** Sampled actions, and notices, that one executor lists, and notices that one run of their job sends. */
  owedListed: 200,
  noticesTold: 50,
  /** Events kept under one correlation key, and for how long; steps that wait under it; pause before an event is handed on again. */
  correlationEvents: 256,
  correlationTtlMs: 24 * 3_600_000,
  correlationSubscriptions: 1_000,
  correlationRetryMs: 1_000,
  /** Waits that one executor remembers to have subscribed; more are only subscribed again. */
  subscriptionsKnown: 10_000,
  /** Calls of one executor that went on after their time and whose answers are still taken. */
  lateAnswers: 1_000,
  /** Effects in doubt that one executor lists at a time. */
  doubtsListed: 200,
  /** Fields that one step may predict: more than what one action changes. */
  expectedFields: 32,
  /** Characters of what was read back, and of what a prediction refers to: a few references to a large result would otherwise be more than an object can hold. */
  outcomeChars: 64 * 1024,
  /** Readings of what an action left, while they fail, and the pause before the second: its task ends after the last, so minutes are too long. */
  observeAsks: 3,
  observePauseMs: 200,
  /** Time that one of them may take. */
  observeTimeoutMs: 5_000,
  /** Pairs of automation and capability whose predictions one executor counts apart; what comes beyond is counted together. */
  outcomeRows: 500,
  /** Newest actions that left something else than was predicted, named by each executor; the record has all of them. */
  mismatchesNamed: 20,
  /** Time one adapter call may take. */
  effectTimeoutMs: 15_000,
  /** How often one adapter call asks a database that gave no answer: a lost answer is common, three in a row are an outage. */
  effectAsks: 3,
  /** Ends of actions that one sweep tells the holders of their domain keys, all at the same time. */
  tellingSweep: 20,
  /** Time one such question may take, so that all of them fit into one adapter call. */
  effectAskMs: 4_000,
  /** Pause before asking again; doubles each time. */
  effectAskPauseMs: 50,
  /** Statements and characters after which a batch that concurrent actions share takes no further one: bounds one D1 transaction and a neighbour's wait. */
  sharedStatements: 600,
  sharedChars: 512 * 1024,
  /** How long work waits for an earlier shared batch before it goes beside it: longer than a batch takes, and not felt when the earlier one hangs. */
  sharedWaitMs: 100,
  /** Time one request to an outside system may take, its answer included: less than an adapter call may. */
  httpAskMs: 10_000,
  /** Bytes of a request's body to an outside system: arguments come from a plan, which is smaller. */
  httpRequestBytes: 64 * 1024,
  /** Bytes of an answer's body from an outside system: a result is a row of the journal, and what is read is held in memory. */
  httpResponseBytes: 256 * 1024,
  /** Characters of an address: servers commonly refuse longer ones. */
  httpUrlChars: 2_048,
  /** Redirects followed for one request. */
  httpRedirects: 3,
  /** How long a server's list of tools is relied on: a task has a few calls in that time, and a changed tool is noticed soon. */
  toolListMs: 30_000,
  /** Pages of such a list that are read. */
  toolListPages: 10,
  /** Characters of a tool's answer that are kept: a result is a row of the journal. */
  toolTextChars: 16_000,
  /** Longest pause that an outside system's Retry-After is taken to ask for. */
  retryAfterMs: 15 * 60_000,
  /** Time a token endpoint may take: it comes out of the time of the request that needs the token. */
  tokenAskMs: 5_000,
  /** How long before its end an access token is not used any more: longer than the request that carries it may take. */
  tokenMarginMs: 30_000,
  /** Life of a signed assertion: long enough for two clocks that differ, short enough to be worth nothing when it leaks. */
  assertionMs: 60_000,
  /** Records that one executor keeps in its own storage, deleted ones included, and characters of one: it has 10 GB and reads a count of them. */
  residentRecords: 50_000,
  residentValueChars: 16 * 1024,
  /** Bytes of one message: a queue takes 128 KB, its own envelope included. */
  queueMessageBytes: 120_000,
  /** Time a queue may take to acknowledge a message: less than an adapter call may. */
  queueSendMs: 10_000,
  /** Dead letters that one executor keeps: more say nothing that these do not. */
  deadLetters: 1_000,
  /** Undone actions that one effect key remembers: a request of theirs that was delayed so long finds its task ended. */
  undoneRemembered: 100,
  /** Undelivered journal rows of one executor beyond which it takes no new tasks: the record must not fall behind without end. */
  outboxRows: 50_000,
  /** Tasks taken into one commit round: bounds the transaction and the wait of a neighbour. */
  roundTasks: 256,
  /** Pieces of work in the last round, or waiting for the next, from which on a round waits a turn of the event loop for more: below it a timer costs more than it saves. */
  roundGather: 4,
  /** Signed receipts that one executor keeps, about 1 KB each: a task that is read often is signed once. */
  keptReceipts: 4_096,
  /** Requests waiting for a commit round of one executor beyond which it takes no new tasks. */
  roundQueue: 2_000,
  /** Tasks that cannot be read or gone on with, which one executor names in its witness: enough to see what they share. */
  stuckNamed: 20,
  /** Reviews that one executor lists at a time. */
  reviewsListed: 200,
  /** Open tasks looked through for claims when a stop is set. */
  stopListed: 5_000,
  /** How far a promotion's serial may rise at once: a single signature must not use up all serials that there are. */
  promotionStep: 1_000_000,
  /** Retired keys of one plane in a trust configuration: a rotation a quarter for three years. All of it has to fit a Worker's variable (5 kB). */
  retiredKeys: 12,
  /** What a timer, a review or a record in an outbox may be late before a reconciliation job counts it: the alarm that looks after them runs every few seconds. */
  jobLateMs: 60_000,
  /** Tenants of one cron run; those whose last run is the oldest come first, so that the next run goes on with the others. */
  jobTenants: 50,
  /** Runs of a job that are kept for each tenant. */
  jobRunsKept: 20,
  /** Faults that one run names. */
  jobNamed: 20,
  /** How long a nudged executor may take to deliver before the job says what is left, in milliseconds. */
  jobNudgeMs: 2_000,
  /** Span of one comparison of effects with the log; what is left is compared by the next run. */
  jobCompletenessMs: 24 * 3_600_000,
  /** How long the intent-manager trusts a cached key or release, in milliseconds. */
  cacheMs: 1_000,
  /** Enrolments between a key and the root: root → admin → person. */
  enrolmentDepth: 3,
  /** Signatures on one envelope: no form of the protocol needs more, and each costs a verification. */
  envelopeSignatures: 4,
  /** Canonical bytes of one signed payload: no larger than the request that carries it. */
  envelopePayloadBytes: 256 * 1024,
  /** Imported public keys kept in memory: more than the people and planes of many tenants; an import costs about one verification. */
  importedKeys: 1_024,
  /** One signed note: a checkpoint with a hundred post-quantum signatures fits. */
  noteBytes: 1_000_000,
  /** Characters of a checkpoint that an executor takes: it stands in full in a record of its chain; a few signatures fit. */
  checkpointChars: 2_000,
  /** Signature lines of one note: C2SP asks for at least 16; each one of a known key costs a verification. */
  noteSignatures: 100,
  /** One tlog-proof file: 63 hashes and a checkpoint are a few KB. */
  proofFileBytes: 64 * 1024,
  /** Entries of one delivery to the ledger, and characters of their text: a delivery fits one RPC and one batch with room to spare. */
  deliveryEntries: 1_000,
  /** Records, and characters of them, that an executor takes back from the ledger after its storage went back: held in memory until all are checked. */
  rewindRecords: 20_000,
  rewindChars: 32 * 1024 * 1024,
  deliveryChars: 4 * 1024 * 1024,
  /** Chain records of one delivery: bounds what is held while it is checked. */
  deliveryRecords: 10_000,
  /** Entries and characters after which a batch of the ledger takes no further delivery: bounds one D1 transaction and a neighbour's wait. */
  batchEntries: 4_000,
  batchChars: 8 * 1024 * 1024,
  /** After a batch of so many entries the next one waits this long for company: a batch costs as much as tens of entries. */
  batchGatherEntries: 32,
  batchGatherMs: 50,
  /** Bytes of one JSON parameter of a bulk insert: D1 takes parameters up to 2 MB. */
  insertChunkBytes: 1_800_000,
  /** Characters that may wait in one sequencer: a few batches; its object has 128 MB. */
  sequencerQueueChars: 24 * 1024 * 1024,
  /** How often one batch is cut again after the head moved or its answer was lost. */
  batchAttempts: 5,
  /** Tiles that a sequencer keeps: the proofs that executors ask for read the newest ones; each has at most 8 KB. */
  sequencerTiles: 128,
  /** Hashes of subtrees that a sequencer keeps, some 100 bytes each: two for each entry, so those of the newest thousands. */
  sequencerNodes: 16_384,
  /** Bundles that one run of the archive writes, and takes out of the database; where as many wait it has fallen behind. */
  archiveBundles: 64,
  /** Longest pause between two of them. */
  archivePauseMs: 400,
  /** Time that each of the two may take in one run, and one call of the archive or of a place where checkpoints are published. */
  archiveRunMs: 20_000,
  outsideAskMs: 10_000,
  /** Published checkpoints that one run compares with the log: one is the rule; after a rewind those that it lost. */
  publishedCompared: 100,
  /** Addresses to which checkpoints are published, and how often one checkpoint is tried at each: then the next one is. */
  publishPlaces: 8,
  publishAttempts: 8,
  /** Pause before such another try: doubles from the first to the last of these. */
  publishRetryBaseMs: 10_000,
  publishRetryCapMs: 30 * 60_000,
  /** Bundles of the archive that one page of entries is read from: a task's entries may lie far apart. */
  pageBundles: 16,
  /** Entries that a read model takes in one step: bounds its transaction. */
  projectionEntries: 500,
  /** How long a read model may stand still before an alarm takes it up again. */
  projectionRetryMs: 10_000,
  /** Entries of one page of the log, and characters of their text. */
  pageEntries: 500,
  pageChars: 4_000_000,
  /** Runs of one page of the run log: each has a few KB, and those of an answer are held in memory. */
  pageRuns: 200,
  /** Runs of one export, some 20 MB as JSON Lines: bounds one response; the next one goes on where it ended. */
  exportRuns: 10_000,
  /** Effect rows of one page of a comparison with the log; findings that it names; its time; and what is too new to be compared. */
  completenessPage: 500,
  completenessNamed: 100,
  /** Runs of the job that a region may be silent or behind before the job leaves its span, and says so: an hour is one run. */
  completenessTries: 3,
  completenessMs: 20_000,
  completenessCalmMs: 60_000,
  /** How long such a comparison waits for the run log, and how often it looks. */
  completenessFollowMs: 5_000,
  completenessPollMs: 200,
  /** Runs that one report counts, the newest: ten pages; releases whose rules it quotes; cases that it lists, and names as examples. */
  reportRuns: 2_000,
  reportReleases: 8,
  reportCases: 100,
  reportExamples: 3,
  /** Actions of one page of an answer about impact. */
  pageImpact: 100,
  /** Records that one question about impact follows, and over how many of them: its cursor names each. */
  impactRecords: 50,
  impactDepth: 5,
  /** Questions to the database for one page: actions that were told already may fill some of them. */
  impactAsks: 8,
  /** Characters of such a cursor, which goes into a URL: fifty records of usual names have half of them. */
  impactCursorChars: 12_000,
  /** Characters of an impact tag. */
  tagChars: 400,
  /** Tasks of one page. */
  pageTasks: 200,
  /** API keys and tenants that one isolate of the intent-manager remembers, absent ones included: guessing must not grow memory. */
  cachedKeys: 10_000,
  /** Automations whose release in force one isolate remembers. */
  cachedReleases: 1_000,
  /** Compiled releases in one isolate: each may hold some MB of contracts, policy and playbook; an isolate has 128 MB. */
  compiledReleases: 16,
  /** The same for replays in an executor: a task's own release and those that it is compared with. */
  replayReleases: 4,
  /** How long a lease of the gate may be used: what the gate decides is in force everywhere after that. */
  gateLeaseMs: 1_000,
  /** Actions of one lease: bounds what one answer of the gate can set going. */
  gateLeaseActions: 1_000,
  /** Added to the time that one call may take before the gate takes an unreturned permit back: the answer's way and the commit of its record. */
  gateSlackMs: 5_000,
  /** Pause before the gate, or a limit, is asked again by a step that waits in memory; and how long it waits there before it says so in its record. */
  permitPollMs: 50,
  permitWaitMs: 2_000,
  /** Steps of one capability that wait in memory of one executor for the gate; further ones are told to come again later. */
  permitWaiters: 1_000,
  /** Pause of a step that was told to come again: doubles from the first to the last of these. */
  heldBaseMs: 500,
  heldCapMs: 5 * 60_000,
  /** How often one step may be told so: with the pauses, some twenty hours; its task's deadline may end it before. */
  stepHolds: 256,
  /** How long a permit may be used after it was asked for. */
  permitUseMs: 10_000,
  /** Time one call of the gate or of a limit may take. */
  permitAskMs: 4_000,
  /** How long an aggregate limit remembers a reservation that nobody settles or releases: longer than any task lasts. */
  reservationMs: 120 * 24 * 3_600_000,
  /** Reservations settled or released in one sweep. */
  reservationSweep: 200,
  /** New work that one isolate of the intent-manager does at a time: a few hundred tasks a second, each a few hundred milliseconds. */
  workInFlight: 128,
  /** Of it, what is always taken: enough that commits are shared. */
  workLeast: 64,
  /** Work under way beside which further work begins at once; past it only when what waits unseen has been seen. */
  workAtOnce: 8,
  /** Requests that a turn of the event loop brings where more are likely to wait unseen, and such turns that work waits for at most. */
  turnArrivals: 4,
  turnsWaited: 32,
  /** Longest pause after which work that waits looks again whether it may begin, in milliseconds; the first is none, each next one doubles: a timer that fires costs a hundredth of a task. */
  workLookMs: 25,
  /** Length of a turn past which less work is taken than before, and past which its timer is given up, in milliseconds. */
  turnMs: 40,
  turnLostMs: 2_000,
  /** Age after which such a request only waits, and does not count any more; and requests that are held at all, waiting ones included. */
  workMs: 8_000,
  workHeld: 2_000,
  /** Age at which one that has not left is given up: no request waits for minutes. */
  workForgottenMs: 240_000,
  /** Tasks and plans that one executor admits at a time: a few rounds; the next ones would only wait. */
  admissions: 512,
  /** How long work may have waited for a round of an executor before that executor takes no new tasks. */
  roundDelayMs: 1_000,
  /** Bytes of a request that publishes a release: the bundle's own limit and its wrapping. */
  releaseBytes: 1_000_100,
  /** Characters of the bundles that one executor keeps compiled: compiled they weigh several times as much, and an object has 128 MB. */
  compiledChars: 8_000_000,
  /** Tries of one call to an executor that was reset meanwhile: the second finds the new object; a third covers a second reset. */
  executorAttempts: 3,
  /** Executors asked at a time when a question goes to all of a tenant's. */
  fanOut: 8,
  /** How long one executor may take to answer such a question. */
  fanOutMs: 5_000,
  /** How long one event stream lasts; the client asks again from where it stopped. */
  streamMs: 5 * 60_000,
  /** Silence in an event stream after which a comment is sent: only writing shows that a client left. */
  pingMs: 15_000,
  /** Age of a proof of possession: it is made on the device just before it is sent. */
  possessionMs: 10 * 60_000,
  /** Automations that one health check looks at. */
  healthReleases: 200,
  /** Spans of one task's trace: 256 steps with some spans each fit; the root says how many were left out. */
  traceSpans: 4_096,
  /** Spans and characters of one request to a collector, and traces looked at for it: what collectors take by default is 4 MB. */
  exportSpans: 512,
  exportChars: 1_000_000,
  exportTraces: 100,
  /** Tasks whose spans wait to be sent: beyond it the export stops following the log, which keeps them. */
  exportPending: 5_000,
  /** Pause between a change and its export: what happens together is sent together. */
  exportDelayMs: 500,
  /** Age at which spans of a task are sent although it goes on: a task can wait for a person for days. */
  exportOpenMs: 5 * 60_000,
  /** Age at which spans that could not be sent are given up, and counted: a collector that was away for longer wants no history. */
  exportKeepMs: 24 * 3_600_000,
  /** How far back an export that begins looks. */
  exportBacklogMs: 3_600_000,
  /** Time that a collector may take to answer, and characters of its answer that are read. */
  exportAskMs: 10_000,
  exportAnswerChars: 16_000,
  /** Pauses after a collector failed: 1 s, 2 s, 4 s, … 5 min, or what it asks for, at most `retryAfterMs`. */
  exportBaseMs: 1_000,
  exportCapMs: 5 * 60_000,
  /** Longest target for a task's cycle time: as long as a task may live. */
  slaMs: 90 * 86_400_000,
  /** Characters that the figures remember of one task: 256 steps, some 100 characters each. */
  flowChars: 64_000,
  /** Rows of figures that one answer is made of: tens of automations and capabilities with all their labels. */
  figureRows: 20_000,
  /** Ledger entries of one task that its trace is made of: some for each of its rounds, waits and decisions. */
  traceEntries: 1_000,
  /** Attributes and moments of one span, elements of a list among them, and characters of one: what collectors commonly take. */
  spanAttributes: 32,
  spanMoments: 32,
  spanListed: 20,
  spanAttributeChars: 200,
  /** Data subjects of one task: more than a conversation has, and few enough that each of their keys is looked up. */
  taskSubjects: 8,
  /** Tasks of an erased subject whose traces elsewhere one call removes: each is folded from its records, about 0.2 ms. */
  subjectSwept: 500,
  /** Tasks whose waits for events are looked at before their subject is erased: events are kept for a day. */
  subjectWaits: 500,
  /** Purposes to which one executor keeps a subject's words. */
  subjectPurposes: 100,
  /** Days for which the platform can bring back an earlier state of an object or of a database. */
  pointInTimeDays: 30,
  /** Evaluations in a row with and without an alert before it is raised and cleared: one a minute, so one odd minute wakes nobody. */
  alertRaiseAfter: 2,
  alertClearAfter: 5,
  /** Evaluations nearer to each other than this count once, and an evaluation older than this is stale. */
  alertGapMs: 20_000,
  alertStaleMs: 5 * 60_000,
  /** Alerts kept of a tenant, and how long those that cleared are shown. */
  alertsKept: 500,
  alertClearedMs: 24 * 3_600_000,
  /** Notifications of one evaluation, attempts for each (one with every evaluation), and the time that a receiver has to answer. */
  alertsTold: 20,
  alertTellTries: 60,
  alertTellMs: 10_000,
  /** Findings named for each check of a verification: enough to see what is wrong, bounded because one fault can touch every entry. */
  verifyFindings: 100,
  /** Entries of one evidence file: a browser verifies them in seconds, and a person can still look at them. */
  evidenceEntries: 5_000,
  /** Characters of these entries: the page stays small enough to be sent around. */
  evidenceChars: 24_000_000,
  /** Entries up to which an executor's chain is shown from its first record, so that there is nothing to ask about what came before. */
  evidenceWholeChain: 500,
  /**
   * The same of evidence that the server makes: it holds all of it, its proofs and the page at once in a Worker's 128 MB. And how far the
   * read models may be behind: so many entries are looked at one by one.
   */
  evidenceAnswerEntries: 2_000,
  evidenceAnswerChars: 8_000_000,
  evidenceAnswerBundles: 64,
  evidenceLag: 2_000,
  /** Characters of an automation's prompt for its models. */
  promptChars: 20_000,
  /** Tokens that one model call may write, and time that it may take: a plan has a few hundred; the alarm that waits has minutes. */
  modelOutputTokens: 32_000,
  modelTimeoutMs: 120_000,
  /** Calls of models that one plan's record names: some 300 bytes each, and the plan's steps need most of its room. Texts take the most of them. */
  modelCallsRecorded: 24,
  /** Characters of a transcript that are kept, the middle left out: it is a value beside a record, of which a row holds 2 MB. */
  transcriptChars: 100_000,
  /** Characters of what a model is shown of one task, observations included: more would be paid for in every round. */
  modelPromptChars: 200_000,
  /** Characters of a model's answer that are read. */
  modelAnswerChars: 200_000,
  /** Looks at a task whose steps go on, or which cannot be reached, and the pauses between them: 90 days of looking every five minutes. */
  planningLooks: 26_000,
  planningLookMs: 2_000,
  planningLookCapMs: 5 * 60_000,
  /** Failures of one model in a row after which it is left alone, and for how long. */
  modelFailures: 5,
  modelRestMs: 30_000,
  /** Reservations of a budget that nobody settled count as spent after this long: the call has ended in any case. */
  budgetHoldMs: 15 * 60_000,
  /** Automations whose spending one answer shows. */
  automationsBudgeted: 200,
  /** Plans of models that a tenant keeps for the same input, the length of one, and the longest time: an object stays small, a choice is made anew. */
  decisionsKept: 5_000,
  decisionChars: 16_000,
  decisionTtlMs: 7 * 86_400_000,
  /** Inputs of one shared model call, and the time that the first waits for others: more would be judged less well, or felt. */
  modelBatch: 32,
  modelBatchWaitMs: 5_000,
  /** Days that a budget remembers. */
  budgetDays: 62,
  /** Terms of one glossary: one item of memory, and each is looked for in each text. */
  terms: 200,
  /** Items of memory that make one glossary: each stands in the plan by its version. */
  glossaryItems: 4,
  /** Characters of one text in memory: some pages; longer ones are stored in parts, which also finds them better. */
  memoryTextChars: 8_000,
  /** Length of a vector, items of one namespace, and numbers of all of its vectors: 40 MiB while warm, of an isolate's 128 MB. */
  memoryDimensions: 3_072,
  memoryItems: 20_000,
  memoryFloats: 20_480 * 512,
  /**
   * Bytes of texts of one namespace (of the canonical tier with all kept versions), and of all canonical namespaces of a tenant, which share one
   * control database of 10 GB with every other tenant. Namespaces of the tier `vector` have an object each.
   */
  memoryNamespaceBytes: 20_000_000,
  memoryTenantBytes: 100_000_000,
  /** Namespaces of one tenant: an erasure asks each of them. */
  memoryNamespaces: 100,
  /** Versions of one canonical item that are kept, the newest. */
  memoryVersions: 50,
  /** Items of one page of a namespace. */
  memoryPage: 200,
  /** Items that one search answers with, readings of memory of one automation, and items that one plan's record names: some 250 bytes each. */
  memoryRecalled: 10,
  memoryReads: 4,
  memoryShown: 16,
  /** Characters of memory that one prompt holds: what is further down is left out. */
  memoryPromptChars: 40_000,
  /** Time in which a use of an item counts half: what was useful last month gives way to what is useful now. */
  memoryHalfLifeMs: 7 * 86_400_000,
  /** How long uses are gathered in memory before they are written; losing them costs nothing but a worse guess at what is useful. */
  memoryUseFlushMs: 10_000,
  /** Texts of one call to an embedding model. */
  memoryEmbedTexts: 64,
  /** Items that one run of reconciliation embeds again for one namespace: its calls cost money and time, and the next run goes on. */
  memoryRefreshed: 512,
  /** Erasures that an object remembers, so that a write that began before one does not end after it. */
  memoryErasedMs: 3_600_000,
  /** Examples that a classifier is trained from: some ten seconds where a release is made. And the fewest of each label: five folds, one each. */
  classifierExamples: 20_000,
  classifierLeast: 5,
  /** Fields and labels of one classifier. Its weights stand in every copy of the release: 64 KiB of them, 16-bit each. */
  classifierFields: 16,
  classifierLabels: 32,
  classifierWeights: 32_768,
  /** Bounds of the spans of a number, and characters of a text that a classifier reads: it runs on the way of every intent. */
  classifierBounds: 8,
  classifierTextChars: 4_000,
  /** Characters of a text that is read in fields, fields of a reader, characters of one (they stand in the record), and the greatest amount. */
  readTextChars: 12_000,
  readFields: 32,
  readFieldChars: 120,
  readFieldMost: 1_000_000_000_000,
} as const;
