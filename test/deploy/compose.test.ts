/** The compose files: valid, closed, and true about each other and about Tapedeck. */

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readConfig } from '../../src/config/environment.ts';
import {
  againstComposeSpec,
  backendsAt,
  DOCKERFILE,
  type Document,
  documentOf,
  IMAGE_PORT,
  isPinned,
  isVariable,
  OWN_IMAGE,
  ROOT,
  textOf,
} from './manifests.ts';

const FULL = 'docker-compose.yml';
const EMBEDDED = 'docker-compose.embedded.yml';
const THREE = 'docker-compose.three.yml';
const FILES = [FULL, EMBEDDED, THREE];

const files = new Map<string, Document>(FILES.map((file) => [file, documentOf(file)]));

interface Service {
  readonly file: string;
  readonly name: string;
  readonly service: Document;
}

/** Every service as it will run: with what it extends, and over what the first file says of it. */
function servicesOf(file: string): Service[] {
  const base: Record<string, Document> = file === THREE ? files.get(FULL).services : {};
  return Object.entries<Document>(files.get(file).services).map(([name, own]) => {
    const from = own.extends === undefined ? base[name] : files.get(own.extends.file).services[own.extends.service];
    return { file, name, service: { ...from, ...own } };
  });
}

const services = FILES.flatMap(servicesOf);
const where = ({ file, name }: Service): string => `${name} in ${file}`;
const isOwn = ({ name }: Service): boolean => name.startsWith('tapedeck');

describe('the compose files', () => {
  it.each(FILES)('%s keeps to the compose specification', (file) => {
    expect(againstComposeSpec(files.get(file))).toEqual([]);
  });

  it('would be refused with a key that is misspelt', () => {
    const { services: all, ...rest } = files.get(FULL);
    const wrong = { ...rest, services: { ...all, kafka: { ...all.kafka, helthcheck: {} } } };
    expect(againstComposeSpec(wrong).join()).toContain('helthcheck');
  });

  it('say in their first lines how they are started', () => {
    expect(textOf(FULL)).toContain('#   docker compose up --build\n');
    expect(textOf(EMBEDDED)).toContain(`#   docker compose -f ${EMBEDDED} up --build\n`);
    expect(textOf(THREE)).toContain(`#   docker compose -f ${FULL} -f ${THREE} up --build\n`);
  });
});

describe('every service', () => {
  it('runs an image of an exact version; our own is of this one', () => {
    for (const one of services) {
      if (isOwn(one)) expect(one.service.image, where(one)).toBe(OWN_IMAGE);
      else expect(isPinned(one.service.image), where(one)).toBe(true);
    }
  });

  it('is of the same version in each file', () => {
    const images = new Map<string, Set<string>>();
    for (const { name, service } of services) images.set(name, (images.get(name) ?? new Set()).add(service.image));
    for (const [name, versions] of images) expect([...versions], name).toHaveLength(1);
  });

  it('has no rights that it does not need, and bounds', () => {
    for (const one of services) {
      expect(one.service, where(one)).toMatchObject({
        cap_drop: ['ALL'],
        security_opt: ['no-new-privileges:true'],
        restart: 'unless-stopped',
        mem_limit: expect.any(String),
      });
      expect(one.service.privileged, where(one)).toBeUndefined();
    }
  });

  it('cannot write but to its volumes, save those of which it is not known that they can do so', () => {
    expect(services.filter(({ service }) => service.read_only !== true).map(({ name }) => name)).toEqual(['eventstore', 'kafka']);
  });

  it('waits for those that it needs until they are well, and those can tell', () => {
    for (const one of services) {
      for (const [needed, { condition }] of Object.entries<Document>(one.service.depends_on ?? {})) {
        const other = services.find(({ name }) => name === needed)?.service;
        expect(condition, where(one)).toBe('service_healthy');
        expect(other?.healthcheck?.test?.[0] ?? (isOwnImage(other) && DOCKERFILE.includes('HEALTHCHECK')), needed).toBeTruthy();
      }
    }
  });

  it('mounts files that are there, and volumes and secrets that are declared', () => {
    for (const one of services) {
      const document = files.get(one.file);
      const declared = { ...files.get(FULL).volumes, ...document.volumes };
      for (const volume of (one.service.volumes ?? []) as string[]) {
        const source = volume.split(':')[0] as string;
        if (source.startsWith('./')) expect(existsSync(join(ROOT, source)), where(one)).toBe(true);
        else expect(Object.keys(declared), where(one)).toContain(source);
      }
    }
    for (const file of [FULL, EMBEDDED]) {
      const used = servicesOf(file).flatMap(({ service }) => (service.volumes as string[]).map((volume) => volume.split(':')[0]));
      expect(
        Object.keys(files.get(file).volumes).filter((name) => !used.includes(name)),
        file,
      ).toEqual([]);
    }
  });

  it('is reached from this machine alone, at a port of its own', () => {
    for (const file of FILES) {
      const ports = servicesOf(file).flatMap(({ service }) => (service.ports ?? []) as string[]);
      for (const port of ports) expect(port).toMatch(/^127\.0\.0\.1:\d+:\d+$/);
      expect(new Set(ports.map((port) => port.split(':')[1])).size, file).toBe(ports.length);
    }
  });

  it('is handed no secret but by a file that stays out of the repository and the image', () => {
    for (const one of services) {
      for (const [name, value] of Object.entries<string>(one.service.environment ?? {})) {
        if (/KEY|PASSWORD|SECRET|TOKEN/.test(name)) expect(name, where(one)).toMatch(/_FILE$/);
        expect(value, `${name} of ${where(one)}`).not.toMatch(/:\/\/[^/\s]*@/);
      }
      for (const name of (one.service.secrets ?? []) as string[]) {
        const { file } = (files.get(one.file).secrets ?? files.get(FULL).secrets)[name];
        expect(file, where(one)).toMatch(/^\.\/secrets\//);
      }
    }
    expect(textOf('.gitignore').split('\n')).toContain('secrets/');
    expect(textOf('.dockerignore')).not.toContain('secrets');
  });
});

describe('Tapedeck in the compose files', () => {
  const own = services.filter(isOwn);

  it('is not root, and writes to its volume and to memory alone', () => {
    expect(own).toHaveLength(5);
    for (const one of own) {
      expect(one.service, where(one)).toMatchObject({ user: 'node', read_only: true, tmpfs: ['/tmp'] });
      expect(one.service.volumes.map((volume: string) => volume.split(':')[1])).toEqual(['/data']);
    }
  });

  it('is given variables that it reads', () => {
    for (const one of own) {
      const names = Object.keys(one.service.environment);
      for (const name of names) expect(isVariable(name.replace(/_FILE$/, '')), `${name} of ${where(one)}`).toBe(true);
      const missing = Object.fromEntries(names.filter((name) => name.endsWith('_FILE')).map((name) => [name, '/not/there']));
      for (const name of Object.keys(missing)) expect(() => readConfig(missing)).toThrow(name);
    }
  });

  it('is given addresses of services, in networks that both are in', () => {
    for (const one of own.filter(({ file }) => file !== EMBEDDED)) {
      const { environment, networks } = one.service;
      const hosts = backendsAt({
        eventStore: environment.TAPEDECK_EVENT_STORE,
        readStore: environment.TAPEDECK_READ_STORE,
        kafka: environment.TAPEDECK_KAFKA,
      }).map(({ host }) => host);
      expect(hosts).toEqual(['eventstore', 'mongodb', 'kafka']);
      for (const host of hosts) {
        const shared = files.get(FULL).services[host].networks.filter((network: string) => networks.includes(network));
        expect(shared, host).toEqual(['backends']);
        expect(Object.keys(one.service.depends_on), host).toContain(host);
      }
    }
  });

  it('has, where there are several, a name by which leases tell who holds them', () => {
    for (const { name, service } of own.filter(({ file }) => file !== EMBEDDED)) expect(service.hostname).toBe(name);
  });

  it('keeps the backends, which take no passwords, where nothing else comes in', () => {
    const { networks, services: all } = files.get(FULL);
    expect(networks.backends).toEqual({ internal: true });
    for (const name of ['eventstore', 'mongodb', 'kafka']) {
      expect(all[name].networks, name).toEqual(['backends']);
      expect(all[name].ports, name).toBeUndefined();
    }
  });

  it('listens where the image does, and is published there or stands behind the proxy', () => {
    for (const one of own) {
      const expected = one.file === THREE ? [] : [`127.0.0.1:3000:${IMAGE_PORT}`];
      expect(one.service.ports, where(one)).toEqual(expected);
    }
    const proxy = services.find(({ name }) => name === 'proxy')?.service;
    const settings = textOf('deploy/haproxy/haproxy.cfg');
    expect(proxy?.ports).toEqual([`127.0.0.1:3000:${/bind :(\d+)/.exec(settings)?.[1]}`]);
    const behind = [...settings.matchAll(/^\s+server (\S+) (\S+)$/gm)].map(([, name, address]) => ({ name, address }));
    const instances = own.filter(({ file }) => file === THREE).map(({ name }) => name);
    expect(behind).toEqual(instances.map((name) => ({ name, address: `${name}:${IMAGE_PORT}` })));
  });

  it('is watched, every instance of it, by a Prometheus that has the alerts', () => {
    for (const file of FILES) {
      const all = servicesOf(file);
      const mounts = (all.find(({ name }) => name === 'prometheus')?.service.volumes ?? []) as string[];
      const targets = mounts.find((mount) => mount.includes(':/etc/prometheus/targets.yml'))?.split(':')[0] as string;
      const instances = all.filter(isOwn).map(({ name }) => `${name}:${IMAGE_PORT}`);
      expect(documentOf(targets), file).toEqual([{ targets: instances }]);
    }
    const { rule_files, scrape_configs } = documentOf('deploy/prometheus/prometheus.yml');
    expect(scrape_configs).toEqual([{ job_name: 'tapedeck', file_sd_configs: [{ files: ['targets.yml'] }] }]);
    for (const file of [FULL, EMBEDDED]) {
      const mounts: string[] = files.get(file).services.prometheus.volumes;
      for (const rules of rule_files) expect(mounts).toContain(`./deploy/prometheus/${rules}:/etc/prometheus/${rules}:ro`);
    }
  });

  it('is shown by a Grafana that finds the dashboard and that Prometheus', () => {
    const [provider] = documentOf('deploy/grafana/provisioning/dashboards/tapedeck.yml').providers;
    const [source] = documentOf('deploy/grafana/provisioning/datasources/prometheus.yml').datasources;
    for (const file of [FULL, EMBEDDED]) {
      const { grafana, prometheus } = files.get(file).services;
      expect(grafana.volumes).toContain(`./deploy/grafana/dashboards:${provider.options.path}:ro`);
      expect(grafana.volumes).toContain('./deploy/grafana/provisioning:/etc/grafana/provisioning:ro');
      expect(grafana.environment.GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH).toBe(`${provider.options.path}/tapedeck.json`);
      expect(prometheus.ports).toEqual(['127.0.0.1:9090:9090']);
    }
    expect(source.url).toBe('http://prometheus:9090');
    const dashboard = JSON.parse(textOf('deploy/grafana/dashboards/tapedeck.json'));
    expect(JSON.stringify(dashboard.panels)).toContain(`"uid":"${source.uid}"`);
  });
});

function isOwnImage(service: Document): boolean {
  return service?.image === OWN_IMAGE;
}
