import type { Problem } from '../problem.ts';
import { fieldsOf, textOf } from './loose.ts';

/** `api7.prometheus`: TLS settings only with TLS, and a client certificate with its key. */
export function checkPrometheus(block: unknown): readonly Problem[] {
  const prometheus = fieldsOf(block);
  const tls = fieldsOf(prometheus.get('tls'));
  const path = ['api7', 'prometheus', 'tls'];
  const problems: Problem[] = [];
  if (prometheus.has('tls') && textOf(prometheus.get('addr'))?.startsWith('http:'))
    problems.push({ path, at: 'key', message: 'needs an https:// address in addr' });
  const [has, lacks] = tls.has('cert') ? ['cert', 'key'] : ['key', 'cert'];
  if (tls.has(has) && !tls.has(lacks))
    problems.push({ path: [...path, has], at: 'key', message: `a client certificate also needs ${lacks}` });
  return problems;
}
