import { fold, isRejection, type StreamExamples } from '@qiyue/decider';
import type { ServiceDefinition } from '../declare/service';
import type { RouteInfo } from '../http/routes';

/** A wrong example fails the spec of its stream (`checkStream`); it must not keep a service from starting, so here it shows nothing. */
const tried = (decide: () => unknown): unknown => {
  try {
    return decide();
  } catch {
    return undefined;
  }
};

/** The codes that a decision's examples show. */
const exampleCodes = ({ stream, histories, commands }: StreamExamples, decide: string): readonly string[] => {
  const example = (commands as Readonly<Record<string, readonly [unknown, unknown] | undefined>>)[decide];
  if (example === undefined) return [];
  return Object.values(histories as Readonly<Record<string, readonly never[]>>).flatMap((history) => {
    const decided = tried(() => stream.decide[decide]?.(fold(stream, history), ...example));
    return isRejection(decided) ? [decided.code] : [];
  });
};

/** What a route can refuse with: the codes it names, and those its decision's examples show; in the order of the service's table, kit codes last. */
export const codesOf = (
  definition: Pick<ServiceDefinition, 'examples' | 'rejections'>,
  { answers }: Pick<RouteInfo, 'answers'>,
): readonly string[] => {
  const { stream, decide, codes } = answers;
  const examples =
    decide === undefined ? [] : definition.examples.filter((one) => one.stream === stream).flatMap((one) => exampleCodes(one, decide));
  const order = Object.keys(definition.rejections.table);
  const place = (code: string): number => (order.includes(code) ? order.indexOf(code) : order.length);
  return [...new Set([...codes, ...examples])].sort((a, b) => place(a) - place(b));
};
