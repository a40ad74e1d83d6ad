import type { Fault, Operation, RefusalKind } from './fault.ts';

type RequestFault = Extract<Fault, { operation: Operation }>;

/** What is to happen to one request. */
export interface Interception {
  readonly arriveAfterMs: number;
  readonly answerAfterMs: number;
  readonly refuseBefore: RefusalKind | undefined;
  readonly refuseAfter: RefusalKind | undefined;
  readonly isAnswerLost: boolean;
}

/** The faults that wait for requests. */
export class RequestFaults {
  readonly #waiting: { readonly fault: RequestFault; left: number }[] = [];

  add(fault: RequestFault): void {
    this.#waiting.push({ fault, left: fault.times });
  }

  /** Uses up one time of every fault for this operation. */
  intercept(operation: Operation): Interception {
    let [arriveAfterMs, answerAfterMs, isAnswerLost] = [0, 0, false];
    let refuseBefore: RefusalKind | undefined;
    let refuseAfter: RefusalKind | undefined;
    for (const entry of this.#waiting.filter(({ fault }) => fault.operation === operation)) {
      const { fault } = entry;
      entry.left -= 1;
      if (entry.left <= 0) this.#waiting.splice(this.#waiting.indexOf(entry), 1);
      if (fault.kind === 'slow-arrival') arriveAfterMs += fault.byMs;
      else if (fault.kind === 'slow-answer') answerAfterMs += fault.byMs;
      else if (fault.kind === 'lose-answer') isAnswerLost = true;
      else if (fault.when === 'before') refuseBefore = fault.as;
      else refuseAfter = fault.as;
    }
    return { arriveAfterMs, answerAfterMs, refuseBefore, refuseAfter, isAnswerLost };
  }

  clear(): void {
    this.#waiting.length = 0;
  }
}
