/** A process of Tapedeck that a test starts, kills, freezes and starts again, and that must not end otherwise. */

import { type Child, type Ended, startTapedeck } from '../support/child.ts';

const POLL_MS = 100;
const TOLD_LINES = 12;
const TOLD_LENGTH = 400;

export class Instance {
  readonly name: string;
  readonly #env: Readonly<Record<string, string>>;
  readonly #args: readonly string[];
  #child: Child | undefined;
  /** How it ended, when nobody had told it to. */
  #died: Ended | undefined;

  constructor(name: string, env: Readonly<Record<string, string>>, ...args: string[]) {
    this.name = name;
    this.#env = env;
    this.#args = args;
  }

  /** `program`: the path of another build's `main.ts`; else it is of this checkout. */
  start(program?: string): void {
    const child = startTapedeck(['run', '--json', ...this.#args], { PORT: '0', ...this.#env }, program);
    this.#child = child;
    void child.ended.then((ended) => {
      if (this.#child === child) this.#died = ended;
    });
  }

  get pid(): number | undefined {
    return this.#child?.process.pid;
  }

  /** Where it serves; undefined before it does. */
  get address(): string | undefined {
    return /Server listening at (http:[^"]+)"/.exec(this.output)?.[1];
  }

  /** What it has written since it was last started. */
  get output(): string {
    return this.#child?.output() ?? '';
  }

  /** SIGKILL, at whatever it does. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL');
  }

  /** SIGTERM; throws unless it stops in order. */
  async stop(): Promise<void> {
    const ended = await this.#end('SIGTERM');
    if (ended !== undefined && ended.code !== 0) throw new Error(`${this.name} did not stop in order: ${told(ended)}`);
  }

  freeze(): void {
    this.#child?.process.kill('SIGSTOP');
  }

  thaw(): void {
    this.#child?.process.kill('SIGCONT');
  }

  /** Throws when it has ended of itself. */
  assertAlive(): void {
    if (this.#died !== undefined) throw new Error(`${this.name} ended of itself: ${told(this.#died)}`);
  }

  lastLines(): string {
    return lastLines(this.output);
  }

  async #end(signal: NodeJS.Signals): Promise<Ended | undefined> {
    this.assertAlive();
    const child = this.#child;
    this.#child = undefined;
    child?.process.kill(signal);
    return child?.ended;
  }
}

/**
 * Looks until `look` gives something, and returns it. Throws after so many seconds, and when an instance has ended of
 * itself, with what was awaited and the last lines of every instance. An error is a look in vain.
 */
export async function until<T>(
  what: string,
  seconds: number,
  instances: readonly Instance[],
  look: () => Promise<T | undefined | false> | T | undefined | false,
): Promise<T> {
  const end = performance.now() + seconds * 1_000;
  for (let last = 'nothing'; ; ) {
    for (const instance of instances) instance.assertAlive();
    try {
      const found = await look();
      if (found !== undefined && found !== false) return found;
    } catch (error) {
      last = error instanceof Error ? error.message : String(error);
    }
    if (performance.now() > end) {
      const logs = instances.map((instance) => `--- ${instance.name}\n${instance.lastLines()}`).join('\n');
      throw new Error(`waited ${seconds} s in vain for ${what}; the last look: ${last}\n${logs}`);
    }
    await new Promise((resolve) => {
      setTimeout(resolve, POLL_MS);
    });
  }
}

function told({ code, signal, stdout, stderr }: Ended): string {
  return `${signal ?? `code ${code}`}\n${lastLines(stdout)}\n${lastLines(stderr)}`;
}

function lastLines(text: string): string {
  return text
    .trimEnd()
    .split('\n')
    .slice(-TOLD_LINES)
    .map((line) => line.slice(0, TOLD_LENGTH))
    .join('\n');
}
