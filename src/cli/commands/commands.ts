/** What may be typed behind `tapedeck`, in the order of its help. A command is loaded when it is asked for. */

import type { Command } from 'commander';

export interface ListedCommand {
  readonly name: string;
  /** What is typed behind the name, as the command's own help says; empty for one that only has commands within it. */
  readonly takes: string;
  readonly description: string;
  /** Loads what adds the options, the action and the examples to the command. */
  readonly load: () => Promise<(command: Command) => void>;
}

export const COMMANDS: readonly ListedCommand[] = [
  {
    name: 'run',
    takes: '[options]',
    description:
      'run the whole system, or some of its parts: ingest the recordings of the feeds, decide, trade on paper, serve the API',
    load: async () => (await import('./run.ts')).runCommand,
  },
  {
    name: 'ingest',
    takes: '[options] <file...>',
    description: 'take recordings onto the tape, each piece with everything that is decided upon it, then stop',
    load: async () => (await import('./ingest.ts')).ingestCommand,
  },
  {
    name: 'status',
    takes: '[options]',
    description: 'what is going on: the tape, the engine, feeds, halts, open orders, positions, read models',
    load: async () => (await import('./status.ts')).statusCommand,
  },
  {
    name: 'orders',
    takes: '[options] [id]',
    description: 'the latest orders, newest first; or one order with its history',
    load: async () => (await import('./orders.ts')).ordersCommand,
  },
  {
    name: 'positions',
    takes: '[options]',
    description: 'what is held, by account, strategy and instrument',
    load: async () => (await import('./positions.ts')).positionsCommand,
  },
  {
    name: 'events',
    takes: '[options]',
    description: 'print the events of the tape, newest last',
    load: async () => (await import('./events.ts')).eventsCommand,
  },
  {
    name: 'halt',
    takes: '[options]',
    description: 'stop trading, until a person resumes it',
    load: async () => (await import('./halt.ts')).haltCommand,
  },
  {
    name: 'cancel-all',
    takes: '[options]',
    description: 'cancel every open order; strategies trade on (see halt for stopping them too)',
    load: async () => (await import('./cancel-all.ts')).cancelAllCommand,
  },
  {
    name: 'flatten',
    takes: '[options]',
    description: 'cancel the open orders and close the positions; trading stays reduce-only until resumed',
    load: async () => (await import('./halt.ts')).flattenCommand,
  },
  {
    name: 'resume',
    takes: '[options]',
    description: 'trade again after a halt',
    load: async () => (await import('./halt.ts')).resumeCommand,
  },
  {
    name: 'settings',
    takes: '',
    description: 'what is in force, and changing it',
    load: async () => (await import('./settings.ts')).settingsCommand,
  },
  {
    name: 'projections',
    takes: '',
    description: 'the read models: list, rebuild and verify them; see and retry what could not be applied',
    load: async () => (await import('./projections.ts')).projectionsCommand,
  },
  {
    name: 'consume',
    takes: '[options] <topic>',
    description:
      'print what the relay has sent to Kafka, and check that within a stream there is no gap, double or disorder; exits with 1 when there is',
    load: async () => (await import('./consume.ts')).consumeCommand,
  },
  {
    name: 'keys',
    takes: '',
    description: 'API keys: who may read, and who may trade',
    load: async () => (await import('./keys.ts')).keysCommand,
  },
  {
    name: 'completion',
    takes: '[options] <shell>',
    description: 'print a script by which the shell completes commands, options and their values',
    load: async () => (await import('./completion.ts')).completionCommand,
  },
];
