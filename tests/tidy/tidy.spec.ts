import { allServices } from '@qiyue/all-in-one';
import { allFacts, type Fact } from '@qiyue/contracts';
import { fold, type AnyEventType } from '@qiyue/decider';
import { checkRefusals, checkStream } from '@qiyue/decider/testing';
import { configReference } from '@qiyue/service-kit';
import { root, sourceFiles } from '@qiyue/workbench';
import { existsSync, readdirSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import ts from 'typescript';

const sources = sourceFiles(['libs', 'services', 'tests'], /\.ts$/);
const code = sources.filter(({ path }) => !/\.spec\.ts$|testing|\.contract\.ts$|examples/.test(path));

describe('files', () => {
  test('are short enough to be read at one sitting', () => {
    const tooLong = sources
      .filter(({ path, lines }) => lines.length > (path.endsWith('.spec.ts') ? 620 : 400))
      .map(({ path, lines }) => `${path}: ${lines.length} lines`);
    expect(tooLong).toEqual([]);
  });

  test('hold functions that are short enough to be understood at a glance', () => {
    const tooLong: string[] = [];
    for (const { path, lines } of code) {
      const file = ts.createSourceFile(path, lines.join('\n'), ts.ScriptTarget.Latest, true);
      const visit = (node: ts.Node): void => {
        if (ts.isFunctionLike(node) && 'body' in node && node.body !== undefined) {
          const [from, to] = [node.getStart(file), node.getEnd()].map((at) => file.getLineAndCharacterOfPosition(at).line) as [
            number,
            number,
          ];
          if (to - from + 1 > 75) tooLong.push(`${path}:${from + 1}: ${to - from + 1} lines`);
        }
        ts.forEachChild(node, visit);
      };
      visit(file);
    }
    expect(tooLong).toEqual([]);
  });

  test('of policies begin with their clause and a sentence', () => {
    const wrong = sources
      .filter(({ path }) => /\/domain\/policies\/[^/]+(?<!\.spec)\.ts$/.test(path))
      .filter(({ lines }) => !/^\/\/ \d+(\.\d+)+(,? (and )?\d+(\.\d+)+)*: .{15,}/.test(lines[0] ?? ''));
    expect(wrong.map(({ path, lines }) => `${path}: ${lines[0] ?? ''}`)).toEqual([]);
  });

  test('of reactions are sentences: what is done, on what', () => {
    const wrong = sources
      .filter(({ path }) => /^services\/[^/]+\/src\/reactions\/(?!.*\.spec\.ts$)/.test(path))
      .filter(({ path }) => !/\/[a-z]+(-[a-z]+)+-on-[a-z]+(-[a-z]+)*\.ts$/.test(path));
    expect(wrong.map(({ path }) => path)).toEqual([]);
  });

  test('hold no leftovers: nothing to do later, nothing skipped, nothing of one machine', () => {
    const leftovers =
      /\b(TODO|FIXME|HACK)\b|\b(test|it|describe)\.(skip|only|todo)\b|\b(xit|xtest|xdescribe|fit|fdescribe)\(|\/home\/|\/work\//;
    const found = sources
      .filter(({ path }) => !path.endsWith('tidy.spec.ts'))
      .flatMap(({ path, lines }) => lines.flatMap((line, at) => (leftovers.test(line) ? [`${path}:${at + 1}: ${line.trim()}`] : [])));
    expect(found).toEqual([]);
  });

  test('name things after what they are, not after patterns', () => {
    const banned =
      /^(?:export )?(?:abstract )?(?:class|interface|type)\s+(\w*(?:Service|Manager|Handler|Impl|Dto|Helper|Util|Utils)|I[A-Z]\w+|Base\w+)\b/;
    const allowed = new Set(['Handler', 'DocumentedService']);
    const found = code.flatMap(({ path, lines }) =>
      lines.flatMap((line, at) => {
        const name = banned.exec(line)?.[1];
        return name === undefined || allowed.has(name) ? [] : [`${path}:${at + 1}: ${name}`];
      }),
    );
    expect(found).toEqual([]);
  });

  test('of services are no barrels, but for the one that exports the service', () => {
    const barrels = sources.filter(({ path }) => /^services\/[^/]+\/src\/.+\/index\.ts$/.test(path)).map(({ path }) => path);
    expect(barrels).toEqual([]);
  });

  test('stand in one of the stations of the path', () => {
    const stations = new Set(['domain', 'commands', 'reactions', 'read-models', 'ports']);
    const strange = readdirSync(join(root, 'services'))
      .filter((name) => name !== 'all-in-one')
      .flatMap((name) =>
        readdirSync(join(root, 'services', name, 'src'), { withFileTypes: true })
          .filter((entry) => entry.isDirectory() && !stations.has(entry.name))
          .map((entry) => `services/${name}/src/${entry.name}`),
      );
    expect(strange).toEqual([]);
  });
});

describe('limits', () => {
  const settings = configReference(allServices.flatMap(({ config }) => config as readonly (new () => object)[]));
  const specs = sources.filter(({ path }) => /\.spec\.ts$|testing-.*contract\.ts$/.test(path));
  const limits = settings.filter(({ name }) => /_(MAX|BYTES|TIMEOUT_MS|WAIT_MS|SECONDS|DAYS)$|^KEEP_ALIVE_MS$/.test(name));
  test.each(limits.map(({ name }) => name))('%s is named by a test of what happens at it', (name) =>
    expect(
      specs.filter(({ path, lines }) => !path.endsWith('tidy.spec.ts') && lines.some((line) => line.includes(name))).length,
    ).toBeGreaterThan(0),
  );
});

describe('links in documents', () => {
  const documents = [...sourceFiles(['docs', 'libs', 'services', 'tests'], /\.md$/), ...sourceFiles(['.'], /^[A-Z]+\.md$/)];
  test.each(documents.map((document) => [document.path, document.lines] as const))('%s: lead somewhere', (path, lines) => {
    const dead = lines.flatMap((line) =>
      [...line.matchAll(/\]\((?!https?:|#|mailto:)([^)#\s]+)/g)]
        .map(([, target = '']) => target)
        .filter((target) => !existsSync(resolve(root, dirname(path), target))),
    );
    expect(dead).toEqual([]);
  });
});

describe('streams', () => {
  const streams = allServices.flatMap(({ name, streams: own }) => own.map((stream) => ({ service: name, stream })));
  const examples = allServices.flatMap(({ examples: own }) => own);

  const orderOf = (one: (typeof examples)[number]): readonly string[] =>
    Object.keys(allServices.find(({ streams: own }) => own.includes(one.stream))?.rejections.table ?? {});

  test('of all services have categories of their own', () =>
    expect(new Set(streams.map(({ stream }) => stream.category)).size).toBe(streams.length));
  test('all have examples', () =>
    expect(streams.filter(({ stream }) => !examples.some((one) => one.stream === stream)).map(({ stream }) => stream.category)).toEqual(
      [],
    ));
  test.each(examples.map((one) => [one.stream.category, one] as const))(
    '%s: evolves over everything, fits its schemas, and a command taken twice is taken once',
    (_category, one) => checkStream(one),
  );
  test.each(examples.map((one) => [one.stream.category, one] as const))(
    '%s: refuses each fault with its code, and of two faults the one that stands first in the table',
    (_category, one) => {
      checkRefusals(one, orderOf(one));
    },
  );
  test.each(examples.map((one) => [one.stream.category, one] as const))(
    '%s: survives being written and read as JSON',
    (_category, { stream, histories }) => {
      for (const history of Object.values(histories as Readonly<Record<string, readonly never[]>>)) {
        const read = JSON.parse(JSON.stringify(history)) as never[];
        expect(JSON.stringify(fold(stream, read))).toBe(JSON.stringify(fold(stream, history)));
      }
    },
  );
});

describe('facts', () => {
  const publications = allServices.flatMap(({ name, streams }) =>
    streams.flatMap(({ events }) =>
      (Object.values(events) as AnyEventType[]).map(({ type, publication }) => ({ name, type, publication })),
    ),
  );
  const told = publications.flatMap(({ name, publication }) =>
    publication.kind === 'internal' ? [] : [{ name, fact: publication.fact as Fact }],
  );
  test('are told by the service they belong to', () => expect(told.filter(({ name, fact }) => fact.service !== name)).toEqual([]));
  test('are all told by some event: none is promised in vain', () => {
    const promised = Object.values(allFacts).flatMap((facts) => Object.values(facts) as Fact[]);
    expect(promised.filter((fact) => !told.some((one) => one.fact === fact)).map(({ service, name }) => `${service}.${name}`)).toEqual([]);
  });
  test('that are not told say why in a sentence', () =>
    expect(
      publications.filter(({ publication }) => publication.kind === 'internal' && publication.why.length < 15).map(({ type }) => type),
    ).toEqual([]));
});
