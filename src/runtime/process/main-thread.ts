/**
 * The main thread's services for another thread of the process, over a port. It appends to the tape: the appends join
 * the same groups as all others, so that nobody fights for a lock and followers of the tape hear of them at once. It
 * answers with its figures. It reports the state of its parts unasked.
 */

import type { MessagePort } from 'node:worker_threads';
import type { TapeEvent } from '../../domain/catalogue.ts';
import type { MetricsSnapshot } from '../../metrics.ts';
import type { Time } from '../../ports/clock.ts';
import { type BackendName, StoreError, StoreUnavailableError } from '../../ports/errors.ts';
import {
  type EventStore,
  type ExpectedRevision,
  PartialOverlapError,
  WrongExpectedRevisionError,
} from '../../ports/event-store.ts';
import { within } from '../../waiting.ts';
import type { SystemReport } from './system-report.ts';

/** How often the main thread tells how its parts are. */
const REPORT_EVERY_MS = 500;
/**
 * How long an append is waited for: whoever asked for it must have an answer while it still listens. It may be made all
 * the same.
 */
const APPEND_WAIT_MS = 10_000;
/** Most questions that wait for their answers: of a thread that is stuck no more is asked. */
const MOST_WAITING = 10_000;
/** Questions that go in one message; the first of more are not kept waiting for the others. */
const MOST_TOGETHER = 8;
/** How long figures are waited for: a scrape must not wait for a thread that is stuck. */
const FIGURES_WAIT_MS = 2_000;

/** The main thread's services. */
export interface MainThread {
  readonly append: EventStore['append'];
  readonly figures: () => Promise<MetricsSnapshot>;
  /** How its parts are; absent where that is no concern of others. */
  readonly report?: (() => SystemReport) | undefined;
}

/** The main thread as another thread sees it. */
export interface MainThreadOver extends Omit<MainThread, 'report'> {
  /** The last report; null before the first one. */
  readonly report: () => SystemReport | null;
}

type Question =
  | {
      readonly ask: 'append';
      readonly stream: string;
      readonly expected: ExpectedRevision;
      readonly events: readonly TapeEvent[];
    }
  | { readonly ask: 'figures' };

/** An error keeps its class and its fields over a port only when somebody sees to it. */
type Failure =
  | { readonly kind: 'revision'; readonly stream: string; readonly expected: ExpectedRevision; readonly actual: ExpectedRevision }
  | { readonly kind: 'overlap'; readonly stream: string; readonly message: string }
  | { readonly kind: 'store'; readonly message: string }
  | { readonly kind: 'unavailable'; readonly backend: BackendName; readonly message: string }
  | { readonly kind: 'other'; readonly error: unknown };

type Answer = { readonly id: number } & ({ readonly value: unknown } | { readonly failure: Failure });

type Told = { readonly answers: readonly Answer[] } | { readonly report: SystemReport };

type Asked = Question & { readonly id: number };

/** Answers what comes over `port`, appends in the order in which they come. Ends when the port is closed. */
export function answerThread(time: Time, port: MessagePort, main: MainThread): void {
  const answer = (question: Question): Promise<unknown> =>
    question.ask === 'append' ? main.append(question.stream, question.expected, question.events) : main.figures();
  if (main.report !== undefined) keepReporting(time, port, main.report);
  const answers: Answer[] = [];
  const send = (): void => port.postMessage({ answers: answers.splice(0) } satisfies Told);
  const tell = (answer: Answer): void => {
    // The appends of one commit are answered in a row: in one message.
    if (answers.push(answer) === 1) queueMicrotask(send);
  };
  port.on('message', (questions: readonly Asked[]) => {
    for (const question of questions) {
      const { id } = question;
      answer(question).then(
        (value) => tell({ id, value }),
        (error: unknown) => tell({ id, failure: describe(error) }),
      );
    }
  });
}

function keepReporting(time: Time, port: MessagePort, report: () => SystemReport): void {
  const tell = (): void => port.postMessage({ report: report() } satisfies Told);
  tell();
  const telling = time.every(REPORT_EVERY_MS, tell, { isAwaited: false });
  port.on('close', () => telling.cancel());
}

/** The main thread at the other end of `port`. Its refusals and failures are the caller's. */
export function mainThreadOver(time: Time, port: MessagePort): MainThreadOver {
  const waiting = new Map<number, { resolve: (value: never) => void; reject: (error: unknown) => void }>();
  let asked = 0;
  let reported: SystemReport | null = null;
  port.on('message', (told: Told) => {
    if ('report' in told) {
      reported = told.report;
      return;
    }
    for (const answer of told.answers) {
      const caller = waiting.get(answer.id);
      waiting.delete(answer.id);
      if ('value' in answer) caller?.resolve(answer.value as never);
      else caller?.reject(revive(answer.failure));
    }
  });
  port.on('close', () => {
    for (const { reject } of waiting.values()) reject(new Error('the main thread is gone'));
    waiting.clear();
  });
  const questions: Asked[] = [];
  const send = (): void => {
    if (questions.length > 0) port.postMessage(questions.splice(0));
  };
  const ask = <T>(question: Question): Promise<T> =>
    new Promise((resolve, reject) => {
      if (waiting.size >= MOST_WAITING) throw stuck(`${MOST_WAITING} questions before this one`);
      const id = asked++;
      waiting.set(id, { resolve, reject });
      const count = questions.push({ id, ...question });
      // What else is asked in this turn of the event loop goes along: each message wakes the other thread.
      if (count === 1) void time.nextLoop().then(send);
      if (count === MOST_TOGETHER) send();
    });
  return {
    append: (stream, expected, events) =>
      within(time, APPEND_WAIT_MS, () => ask({ ask: 'append', stream, expected, events }), noAnswer),
    figures: () => within(time, FIGURES_WAIT_MS, () => ask({ ask: 'figures' }), noAnswer),
    report: () => reported,
  };
}

function noAnswer(ms: number): Error {
  return stuck(`within ${ms} ms`);
}

/** The thread is busy, or waits for a disk: the tape is out of reach for now. */
function stuck(what: string): Error {
  return new StoreUnavailableError('event store', `the main thread, which writes the tape, has not answered ${what}`);
}

function describe(error: unknown): Failure {
  if (error instanceof WrongExpectedRevisionError) {
    return { kind: 'revision', stream: error.stream, expected: error.expected, actual: error.actual };
  }
  if (error instanceof PartialOverlapError) return { kind: 'overlap', stream: error.stream, message: error.message };
  if (error instanceof StoreError) return { kind: 'store', message: error.message };
  if (error instanceof StoreUnavailableError) return { kind: 'unavailable', backend: error.backend, message: error.message };
  return { kind: 'other', error };
}

function revive(failure: Failure): unknown {
  switch (failure.kind) {
    case 'revision':
      return new WrongExpectedRevisionError(failure.stream, failure.expected, failure.actual);
    case 'overlap':
      return Object.assign(new PartialOverlapError(failure.stream, 0), { message: failure.message });
    case 'store':
      return new StoreError(failure.message);
    case 'unavailable':
      return new StoreUnavailableError(failure.backend, failure.message);
    case 'other':
      return failure.error;
  }
}
