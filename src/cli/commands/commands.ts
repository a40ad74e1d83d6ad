/** The commands of `tapedeck`, in the order of its help. A command is loaded when it is asked for. */

import type { Command } from 'commander';

export interface ListedCommand {
  readonly name: string;
  /** Its options and arguments, as the command's own help says; empty for one that only has commands within it. */
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
      'run the whole system, or some of its roles: ingest the recordings of the feeds, decide, trade on paper, serve the API',
    load: async () => (await import('./run.ts')).runCommand,
  },
  {
    name: 'ingest',
    takes: '[options] [file...]',
    description: 'ingest recordings, decide on everything in them, then stop',
    load: async () => (await import('./ingest.ts')).ingestCommand,
  },
  {
    name: 'status',
    takes: '[options]',
    description: 'status of the tape, the engine, feeds, halts, open orders, positions and read models',
    load: async () => (await import('./status.ts')).statusCommand,
  },
  {
    name: 'orders',
    takes: '[options] [id]',
    description: 'list the latest orders, newest first; or show one order with its history',
    load: async () => (await import('./orders.ts')).ordersCommand,
  },
  {
    name: 'positions',
    takes: '[options]',
    description: 'list the positions, by account, strategy and instrument',
    load: async () => (await import('./positions.ts')).positionsCommand,
  },
  {
    name: 'events',
    takes: '[options] [id]',
    description: 'print the events of the tape, newest last; or one of them, whole',
    load: async () => (await import('./events.ts')).eventsCommand,
  },
  {
    name: 'halt',
    takes: '[options]',
    description: 'halt trading until a person resumes it',
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
    description: 'resume trading after a halt',
    load: async () => (await import('./halt.ts')).resumeCommand,
  },
  {
    name: 'settings',
    takes: '',
    description: 'show, check and change the settings in force',
    load: async () => (await import('./settings.ts')).settingsCommand,
  },
  {
    name: 'projections',
    takes: '',
    description: 'list, rebuild and verify the read models; see and retry parked events',
    load: async () => (await import('./projections.ts')).projectionsCommand,
  },
  {
    name: 'consume',
    takes: '[options] <topic>',
    description:
      'print the records that the relay sent to Kafka, and check each stream for gaps, duplicates and disorder; exits with 1 when there are any',
    load: async () => (await import('./consume.ts')).consumeCommand,
  },
  {
    name: 'keys',
    takes: '',
    description: 'list, make and revoke API keys',
    load: async () => (await import('./keys.ts')).keysCommand,
  },
  {
    name: 'completion',
    takes: '[options] <shell>',
    description: 'print a completion script for a shell',
    load: async () => (await import('./completion.ts')).completionCommand,
  },
];
