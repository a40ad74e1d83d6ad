/** The manifests: valid, with no right that is not needed, and true about each other and about Tapedeck. */

import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readConfig } from '../../src/config/environment.ts';
import { givenApi } from '../api/given-api.ts';
import {
  againstKubernetes,
  backendsAt,
  type Document,
  documentOf,
  documentsOf,
  filesIn,
  IMAGE_PORT,
  isVariable,
  OWN_IMAGE,
} from './manifests.ts';

const FOLDER = 'deploy/kubernetes';
const SETS = ['embedded', 'cluster'] as const;

const isExample = (file: string): boolean => file.endsWith('.example.yaml');

/** What one `kubectl apply -k` brings, by kind, with the Secrets that are there before. */
function manifestsOf(set: string): { readonly all: Document[]; readonly secrets: Document[]; kind(name: string): Document } {
  const folder = join(FOLDER, set);
  const documents = (files: readonly string[]): Document[] => files.flatMap((file) => documentsOf(join(folder, file)));
  const all = documents(documentOf(join(folder, 'kustomization.yaml')).resources);
  return {
    all,
    secrets: documents(filesIn(folder).filter(isExample)),
    kind: (name) => all.find(({ kind }) => kind === name),
  };
}

const workloadOf = (set: string): Document => manifestsOf(set).kind(set === 'embedded' ? 'StatefulSet' : 'Deployment');
const podOf = (set: string): Document => workloadOf(set).spec.template.spec;
const containerOf = (set: string): Document => podOf(set).containers[0];

describe.each(SETS)('the manifests of %s', (set) => {
  const { all, secrets, kind } = manifestsOf(set);
  const pod = podOf(set);
  const container = containerOf(set);

  it('are as Kubernetes wants them', () => {
    for (const document of [...all, ...secrets]) expect(againstKubernetes(document), document.kind).toEqual([]);
    expect(all.map((document) => document.kind).sort()).toEqual(
      ['NetworkPolicy', 'PodDisruptionBudget', 'Service', workloadOf(set).kind].sort(),
    );
  });

  it('are all applied, but for the examples of Secrets', () => {
    const there = filesIn(join(FOLDER, set)).filter((file) => file !== 'kustomization.yaml' && !isExample(file));
    expect(documentOf(join(FOLDER, set, 'kustomization.yaml'))).toEqual({
      apiVersion: 'kustomize.config.k8s.io/v1beta1',
      kind: 'Kustomization',
      resources: expect.toSatisfy((files: string[]) => files.toSorted().join() === there.join()),
    });
  });

  it('run as nobody in particular, on a file system that cannot be written', () => {
    expect(pod).toMatchObject({
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      securityContext: { runAsNonRoot: true, runAsUser: 1000, seccompProfile: { type: 'RuntimeDefault' } },
    });
    expect(pod.containers).toHaveLength(1);
    expect(container.securityContext).toEqual({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    });
    const writable = container.volumeMounts.filter((mount: Document) => mount.readOnly !== true);
    expect(writable.map((mount: Document) => mount.mountPath)).toEqual(['/data', '/tmp']);
    const bounded = pod.volumes.filter((volume: Document) => volume.emptyDir !== undefined);
    for (const { emptyDir } of bounded) expect(emptyDir.sizeLimit).toMatch(/^\d+Mi$/);
  });

  it('run the image of this version, within limits', () => {
    expect(container.image).toBe(OWN_IMAGE);
    for (const resource of ['cpu', 'memory']) {
      expect(container.resources.requests[resource], resource).toBeDefined();
      expect(container.resources.limits[resource], resource).toBeDefined();
    }
  });

  it('ask on routes that there are, at the port where the image listens', async () => {
    const api = await givenApi();
    const port = container.ports.find(({ containerPort }: Document) => containerPort === IMAGE_PORT);
    for (const [probe, path] of [
      ['startupProbe', '/startupz'],
      ['livenessProbe', '/livez'],
      ['readinessProbe', '/readyz'],
    ] as const) {
      expect(container[probe].httpGet).toEqual({ path, port: port.name });
      expect(container[probe].timeoutSeconds).toBeGreaterThan(1);
      expect((await api.get(path)).status, path).toBe(200);
    }
    expect(kind('Service').spec.ports).toEqual([{ name: 'http', port: 80, targetPort: port.name }]);
    const { annotations } = workloadOf(set).spec.template.metadata;
    expect(annotations).toEqual({ 'prometheus.io/scrape': 'true', 'prometheus.io/port': String(IMAGE_PORT) });
  });

  it('mean the same pods', () => {
    const { labels } = workloadOf(set).spec.template.metadata;
    const selectors = [
      workloadOf(set).spec.selector.matchLabels,
      kind('Service').spec.selector,
      kind('PodDisruptionBudget').spec.selector.matchLabels,
      kind('NetworkPolicy').spec.podSelector.matchLabels,
    ];
    for (const selector of selectors) expect(selector).toEqual(labels);
  });

  it('give it variables that it reads, and secrets by files that the Secrets hold', () => {
    const held = new Set(secrets.flatMap(({ stringData }) => Object.keys(stringData)));
    const mount = container.volumeMounts.find(({ readOnly }: Document) => readOnly === true);
    for (const { name, value, valueFrom } of container.env) {
      expect(isVariable(name.replace(/_FILE$/, '')), name).toBe(true);
      expect(name).toMatch(/_FILE$/);
      expect(valueFrom, name).toBeUndefined();
      expect(() => readConfig({ [name]: '/not/there' }), name).toThrow(name);
      expect(
        [...held].map((key) => `${mount.mountPath}/${key}`),
        name,
      ).toContain(value);
    }
    expect(container.env).toHaveLength(held.size);
    const volume = pod.volumes.find(({ name }: Document) => name === mount.name);
    const sources = volume.projected?.sources.map(({ secret }: Document) => secret.name) ?? [volume.secret.secretName];
    expect(sources).toEqual(secrets.map(({ metadata }) => metadata.name));
    expect((volume.projected ?? volume.secret).defaultMode).toBe(0o440);
  });

  it('hold no secret, and examples that nobody can take for one', () => {
    expect(all.some((document) => document.kind === 'Secret')).toBe(false);
    for (const { stringData } of secrets) {
      for (const value of Object.values<string>(stringData)) {
        const secret = /:\/\/[^/@]*:([^/@]*)@/.exec(value)?.[1] ?? /:([^:]+)\s*$/.exec(value)?.[1];
        expect(secret).toMatch(/^replace-this/);
      }
    }
  });

  it('have keys that say what they may, and that a start refuses until they are filled in', () => {
    const variables = new Map<string, string>(
      container.env.map(({ name, value }: Document) => [value.split('/').at(-1), name.replace(/_FILE$/, '')]),
    );
    for (const [key, value] of secrets.flatMap(({ stringData }) => Object.entries<string>(stringData))) {
      const name = variables.get(key) as string;
      expect(() => readConfig({ [name]: value }), name).toThrow(/example/);
      const filledIn = value.replaceAll(/replace-this[\w-]*/g, 'aaaaaaaaaaaaaaaaaaaaaaaa');
      expect(() => readConfig({ [name]: filledIn }), name).not.toThrow();
      if (name === 'TAPEDECK_API_KEYS') {
        expect(readConfig({ [name]: filledIn }).apiKeys.map((one) => [one.name, one.scope])).toEqual([['reader', 'read']]);
      }
    }
  });

  it('ask for the memory that was measured under load, and allow more', () => {
    const mebibytes = (text: string) => Number(/^(\d+)Mi$/.exec(text)?.[1]);
    // docs/guides/deploying.md: 789 MB at most.
    expect(mebibytes(container.resources.requests.memory) * 2 ** 20).toBeGreaterThan(789e6);
    expect(mebibytes(container.resources.limits.memory)).toBeGreaterThanOrEqual(
      2 * mebibytes(container.resources.requests.memory),
    );
  });

  it('let in nobody but this namespace, Prometheus and namespaces that are labelled for it, and that at one port', () => {
    const { ingress, policyTypes } = kind('NetworkPolicy').spec;
    expect(policyTypes).toEqual(['Ingress', 'Egress']);
    expect(ingress).toHaveLength(1);
    expect(ingress[0].from).toEqual([
      { podSelector: {} },
      { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'monitoring' } } },
      { namespaceSelector: { matchLabels: { 'tapedeck/may-call': 'true' } } },
    ]);
    expect(ingress[0].ports).toEqual([{ protocol: 'TCP', port: IMAGE_PORT }]);
  });
});

describe('embedded', () => {
  it('is one process with a volume that no drain takes from it, and talks to nobody', () => {
    const { kind } = manifestsOf('embedded');
    expect(workloadOf('embedded').spec).toMatchObject({ replicas: 1, volumeClaimTemplates: [{ metadata: { name: 'data' } }] });
    expect(kind('PodDisruptionBudget').spec.maxUnavailable).toBe(0);
    expect(kind('NetworkPolicy').spec.egress).toEqual([]);
  });
});

describe('the cluster', () => {
  const { kind, secrets } = manifestsOf('cluster');

  it('is several that keep nothing, and of which one may always go', () => {
    const { replicas, strategy } = workloadOf('cluster').spec;
    expect(replicas).toBe(3);
    expect(strategy.rollingUpdate).toEqual({ maxSurge: 1, maxUnavailable: 0 });
    expect(kind('PodDisruptionBudget').spec.maxUnavailable).toBe(1);
    expect(podOf('cluster').volumes.some((volume: Document) => volume.persistentVolumeClaim !== undefined)).toBe(false);
    expect(podOf('cluster').topologySpreadConstraints[0].topologyKey).toBe('kubernetes.io/hostname');
  });

  it('may speak to the backends at the ports of their addresses, and to the names, and to nobody else', () => {
    const { stringData } = secrets.find(({ metadata }) => metadata.name === 'tapedeck-backends');
    const places = backendsAt({
      eventStore: stringData['event-store'],
      readStore: stringData['read-store'],
      kafka: stringData.kafka,
    });
    const [names, backends, ...others] = kind('NetworkPolicy').spec.egress;
    expect(others).toEqual([]);
    expect(names.ports.map(({ port }: Document) => port)).toEqual([53, 53]);
    expect(backends.ports).toEqual(places.map(({ port }) => ({ protocol: 'TCP', port })));
    for (const { host } of places) expect(host).toMatch(/\.backends\.svc\.cluster\.local$/);
    expect(backends.to).toEqual([{ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'backends' } } }]);
  });
});

describe('the check against the schemas', () => {
  it('refuses a field that is misspelt, a wrong type, and a kind that it does not know', () => {
    const service = manifestsOf('embedded').kind('Service');
    expect(againstKubernetes({ ...service, spec: { ...service.spec, selectors: {} } }).join()).toContain('selectors');
    expect(againstKubernetes({ ...service, spec: { ...service.spec, ports: 80 } }).join()).toContain('/spec/ports');
    expect(againstKubernetes({ ...service, apiVersion: 'v2' })).toEqual(['v2 Service is not among the schemas']);
  });
});
