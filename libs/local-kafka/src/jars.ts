import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const pom = join(__dirname, '..', 'pom.xml');

/** Thrown where Kafka cannot run: no Java 17 or newer, no Maven, or no way to fetch the jars. */
export class KafkaUnavailable extends Error {
  override readonly name = 'KafkaUnavailable';
}

const javaVersion = async (): Promise<number> => {
  const { stderr } = await run('java', ['-version']).catch(() => ({ stderr: '' }));
  return Number(/version "(\d+)/.exec(stderr)?.[1] ?? 0);
};

/** Why this machine's Java runs no broker, or undefined when it does. */
export const whyNoJava = async (): Promise<string | undefined> => {
  const version = await javaVersion();
  if (version >= 17) return undefined;
  return version === 0 ? 'there is no Java, and 17 or newer is needed' : `Java is ${version}, and 17 or newer is needed`;
};

/** Why a broker cannot run on this machine, or undefined when it can. */
export const whyNoKafka = async (): Promise<string | undefined> => {
  const maven = await run('mvn', ['-v']).catch(() => undefined);
  return (await whyNoJava()) ?? (maven === undefined ? 'there is no Maven, which fetches it' : undefined);
};

/** The broker's version, as the pom names it. */
export const kafkaVersion = (): string =>
  /<artifactId>kafka_2\.13<\/artifactId>\s*<version>([^<]+)</.exec(readFileSync(pom, 'utf8'))?.[1] ?? 'unknown';

/** Folder with the broker's jars, fetched from Maven Central on first use. Throws `KafkaUnavailable`. */
export const ensureJars = async (folder: string): Promise<string> => {
  const jars = join(folder, `lib-${kafkaVersion()}`);
  if (existsSync(jars)) return jars;
  const why = await whyNoKafka();
  if (why !== undefined) throw new KafkaUnavailable(`Kafka cannot run here: ${why}.`);
  mkdirSync(folder, { recursive: true });
  const half = `${jars}.part-${process.pid}`;
  // Copied aside and renamed, so that an interrupted download is never taken for a whole one.
  await run('mvn', ['-q', '-B', '-f', pom, 'dependency:copy-dependencies', `-DoutputDirectory=${half}`], {
    maxBuffer: 16 * 1024 * 1024,
  }).catch((fault: unknown) => {
    rmSync(half, { recursive: true, force: true });
    throw new KafkaUnavailable(
      `Maven could not fetch Kafka: ${fault instanceof Error ? fault.message.split('\n').slice(0, 3).join(' ') : String(fault)}`,
    );
  });
  if (existsSync(jars)) rmSync(half, { recursive: true, force: true });
  else renameSync(half, jars);
  return jars;
};
