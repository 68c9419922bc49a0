import { expect, test } from 'vitest';
import { didYouMean } from '../../src/inventory/did-you-mean.ts';

test.each([
  ['adress', ['zone', 'address'], 'address'],
  ['zoen', ['zone', 'port'], 'zone'],
  ['control-plane', ['control_plane', 'data_plane'], 'control_plane'],
  ['Endpoint', ['endpoints', 'group'], 'endpoints'],
  ['passwd', ['password', 'port'], 'password'],
  ['cp-3', ['gw-1', 'cp-1'], 'cp-1'],
  ['ab', ['xy', 'cd'], undefined],
  ['x', ['y'], undefined],
  ['licence', ['database', 'gateway'], undefined],
  ['anything', [], undefined],
])('%s among %j means %s', (word, candidates, expected) => {
  expect(didYouMean(word, candidates)).toBe(expected);
});
