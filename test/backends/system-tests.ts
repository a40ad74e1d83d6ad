/**
 * Where the tests of the whole system run. Those that let the backends live run on the backends that were found; all
 * others end and freeze backends, and so run on local programs alone.
 */

import { readdirSync } from 'node:fs';
import type { BackendName, FoundBackend, Plan } from './backends.ts';
import type { Machine } from './machine.ts';
import { TAPES_VARIABLE, type TapesPlace } from './tapes.ts';

/** By the names of their files, `NAME.test.ts` in this folder: the backends that each needs, wherever they are. */
const SHARING: Readonly<Record<string, readonly BackendName[]>> = {
  'same-as-embedded': ['MongoDB', 'Kafka'],
  kills: ['MongoDB', 'Kafka'],
  topics: ['Kafka'],
};

const IN_PROCESS = 'the small EventStoreDB server in process';

/** `absences`: why there are local programs that are not here. */
export async function planSystemTests(
  found: readonly FoundBackend[],
  absences: readonly string[],
  machine: Machine,
): Promise<Plan> {
  const plans = Object.entries(SHARING).map(([name, needs]) => planSharing(name, needs, found));
  plans.push(planLocal(absences), await planTapes(found, machine));
  return {
    env: Object.assign({}, ...plans.map(({ env }) => env)),
    excluded: plans.flatMap(({ excluded }) => excluded),
    ran: plans.flatMap(({ ran }) => ran),
    notRun: plans.flatMap(({ notRun }) => notRun),
  };
}

function planSharing(name: string, needs: readonly BackendName[], found: readonly FoundBackend[]): Plan {
  const backends = found.filter((backend) => needs.includes(backend.name));
  const absent = backends.filter(({ place }) => place === null).map((backend) => backend.name);
  if (absent.length > 0) return notRun([name], `there is no ${absent.join(' and no ')}`);
  const where = backends.map((backend) => `${backend.name} ${placeOf(backend)}`).join(' and ');
  return { env: {}, excluded: [], ran: [`${where}: the system's ${name}`], notRun: [] };
}

function placeOf({ place }: FoundBackend): string {
  return place === 'address' ? 'at its address' : place === 'container' ? 'in its container' : 'as a local program';
}

function planLocal(absences: readonly string[]): Plan {
  const files = readdirSync(import.meta.dirname).filter((file) => file.endsWith('.test.ts'));
  const names = files.map((file) => file.slice(0, -'.test.ts'.length)).filter((name) => !(name in SHARING));
  if (absences.length > 0) return notRun(names, `on local programs only, and there is none ${absences.join(', and none ')}`);
  return {
    env: {},
    excluded: [],
    ran: [`local programs, which are ended and frozen: the system's ${names.join(', ')}`],
    notRun: [],
  };
}

function notRun(names: readonly string[], why: string): Plan {
  const excluded = names.map((name) => `test/backends/${name}.test.ts`);
  return { env: {}, excluded, ran: [], notRun: [`the system's ${names.join(', ')}: ${why}`] };
}

/** One log for a whole EventStoreDB: a run must be alone on it. */
async function planTapes(found: readonly FoundBackend[], machine: Machine): Promise<Plan> {
  const none = { env: {}, excluded: [], ran: [], notRun: [] };
  const isWithout = (needed: BackendName): boolean => found.some(({ name, place }) => name === needed && place === null);
  if (SHARING['same-as-embedded']?.some(isWithout)) return none;
  const { place, address = '' } = found.find(({ name }) => name === 'EventStoreDB') as FoundBackend;
  if (place === 'container')
    return tapesOn('containers', `containers of EventStoreDB, one a run: the tapes of the system's same-as-embedded, kills`);
  if (place === null) return { ...none, ran: [`${IN_PROCESS}: the system's tapes`], notRun: [] };
  const kills = `the system's kills with tapes in EventStoreDB: each round needs an empty one, and one at an address cannot be emptied; they are on ${IN_PROCESS}`;
  // One that does not answer is the tests' to complain of.
  if (await machine.isEmpty(address).catch(() => true)) {
    const plan = tapesOn('address', "EventStoreDB at its address: the tape of the system's same-as-embedded");
    return { ...plan, notRun: [kills] };
  }
  const same = `the system's same-as-embedded with its tape in EventStoreDB: the one at its address has events, and a run must be alone: give an empty one; it is on ${IN_PROCESS}`;
  return { ...none, notRun: [same, kills] };
}

function tapesOn(place: TapesPlace, ran: string): Plan {
  return { env: { [TAPES_VARIABLE]: place }, excluded: [], ran: [ran], notRun: [] };
}
