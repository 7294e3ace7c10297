import { expect, test } from 'vitest';
import { ERROR_CODES, RestorationError, toRestorationError, type ErrorCode } from '../../src/core/errors.ts';

test('a failure of a part that says no more says at least what can be done', () => {
  const internal = (Object.keys(ERROR_CODES) as ErrorCode[]).filter((code) => ERROR_CODES[code] === 'internal');
  for (const code of internal) expect(new RestorationError(code, 'It broke.').hint, code).toMatch(/^[A-Z].*\.$/);
  expect(toRestorationError(new TypeError('x')).hint).toContain('--log-level debug');
  expect(new RestorationError('ENCODE_FAILED', 'It broke.', { hint: 'Wait.' }).hint).toBe('Wait.');
});
