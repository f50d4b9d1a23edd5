/** Every command, in the order of the help. */
import type { Command } from "../command.ts";
import { budgets, plan } from "./budgets.ts";
import { alerts } from "./alerts.ts";
import { cancel } from "./cancel.ts";
import { approve, reject } from "./decide.ts";
import { calibration } from "./calibration.ts";
import { completeness } from "./completeness.ts";
import { doctor } from "./doctor.ts";
import { epochApply, epochNew, epochSign } from "./epoch.ts";
import { rewindApply, rewindNew, rewindSign } from "./rewind.ts";
import { evidence } from "./evidence.ts";
import { explain } from "./explain.ts";
import { impact } from "./impact.ts";
import { jobs } from "./jobs.ts";
import { keysEnrol } from "./keys-enrol.ts";
import { keysList, keysNew, keysRevoke } from "./keys.ts";
import { memoryFind, memoryList, memorySet } from "./memory.ts";
import { outcome } from "./outcome.ts";
import { judge, notices, samples } from "./oversight.ts";
import { promote, publish } from "./releases.ts";
import { replay } from "./replay.ts";
import { reviews } from "./reviews.ts";
import { resolve } from "./resolve.ts";
import { reverse } from "./reverse.ts";
import { restore, revoke, stop } from "./stops.ts";
import { subjectsConsent, subjectsErase, subjectsShow } from "./subjects.ts";
import { runs } from "./runs.ts";
import { submit } from "./submit.ts";
import { tasks } from "./tasks.ts";
import { toggles, togglesSet } from "./toggles.ts";
import { verify } from "./verify.ts";
import { watch } from "./watch.ts";

export const COMMANDS: readonly Command[] = [
  submit,
  watch,
  explain,
  impact,
  runs,
  replay,
  tasks,
  cancel,
  outcome,
  plan,
  reverse,
  reviews,
  samples,
  judge,
  notices,
  calibration,
  approve,
  reject,
  resolve,
  verify,
  completeness,
  evidence,
  doctor,
  jobs,
  budgets,
  alerts,
  toggles,
  togglesSet,
  memoryList,
  memorySet,
  memoryFind,
  publish,
  promote,
  stop,
  revoke,
  restore,
  epochNew,
  epochSign,
  epochApply,
  rewindNew,
  rewindSign,
  rewindApply,
  keysNew,
  keysList,
  keysEnrol,
  keysRevoke,
  subjectsShow,
  subjectsErase,
  subjectsConsent,
];
