import { expect, test } from 'vitest';
import { framesAhead } from '../../src/pipeline/build-stages.ts';
import { formatOf } from './temporal-scenes.ts';

test.each([
  ['a worker each, on small machines', 2, formatOf(3840, 2160, '420', 10), 2],
  ['a worker each where frames are small', 32, formatOf(720, 576, '420'), 32],
  ['what fits into memory where they are not', 32, formatOf(1920, 1080, '420'), 21],
  ['eight of the largest', 32, formatOf(7680, 4320, '444', 16), 8],
])('stages over time have frames in work: %s', (_, workers, format, most) => {
  expect(framesAhead(workers, format)).toBe(most);
});
