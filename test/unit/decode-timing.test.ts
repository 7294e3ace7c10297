import fc from 'fast-check';
import { expect, test } from 'vitest';
import { rational, toNumber } from '../../src/core/rational.ts';
import {
  classifyFields,
  parseIdet,
  pulldownOrder,
  statedFieldOrder,
  type FieldRepeat,
} from '../../src/decode/fields.ts';
import { contentLight, extrasOf, masteringDisplay, turnOf } from '../../src/decode/side-data.ts';
import { entersGradually, findTiming, framesBySize } from '../../src/decode/timing.ts';

const MS = rational(1, 1000);
const rates = [rational(24000, 1001), rational(25), rational(30000, 1001), rational(50), rational(60000, 1001)];

test('milliseconds of MKV do not make a constant rate a variable one, wherever the sample starts', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...rates),
      fc.integer({ min: 0, max: 500_000 }),
      fc.boolean(),
      (rate, first, truncates) => {
        const round = truncates ? Math.floor : Math.round;
        const times = Array.from({ length: 250 }, (_, index) => round(((first + index) * 1000) / toNumber(rate)));
        expect(findTiming([times], MS, rate, rate)).toEqual({ frameRate: rate, variable: false });
      },
    ),
  );
});

test('packets in coding order, cut in the middle of a group, are constant too', () => {
  const times = Array.from({ length: 300 }, (_, index) => 4 * Math.floor(index / 4) + [3, 1, 0, 2][index % 4]!).map(
    (frame) => frame * 512,
  );
  const base = rational(1, 12800);
  expect(findTiming([times.slice(0, 298)], base, rational(25), rational(25)).variable).toBe(false);
});

test('a pause, a drifting clock, or an average that fits no sample is variable', () => {
  const even = Array.from({ length: 40 }, (_, index) => index * 40);
  const paused = even.map((time, index) => (index < 20 ? time : time + 200));
  const drifting = even.map((time, index) => time + index * index * 0.1);
  expect(findTiming([paused], MS, rational(25), rational(25)).variable).toBe(true);
  expect(findTiming([drifting.map(Math.round)], MS, rational(25), rational(25)).variable).toBe(true);
  expect(findTiming([even], MS, rational(25), rational(18)).variable).toBe(true);
});

test('a rate of fields is halved, an unstated one is found, and no times at all leave what is stated', () => {
  const even = Array.from({ length: 40 }, (_, index) => index * 40);
  expect(findTiming([even], MS, rational(50), rational(50))).toEqual({ frameRate: rational(25), variable: false });
  expect(findTiming([even], MS, undefined, undefined)).toEqual({ frameRate: rational(25), variable: false });
  expect(findTiming([[undefined, undefined]], MS, rational(25), rational(25))).toEqual({
    frameRate: rational(25),
    variable: false,
  });
  expect(findTiming([], MS, undefined, rational(12))).toEqual({ frameRate: rational(12), variable: false });
});

const cadence = (length: number, top: number, bottom: number): FieldRepeat[] =>
  Array.from({ length }, (_, index) => (index % 5 === top ? 'top' : index % 5 === bottom ? 'bottom' : 'neither'));

test('3:2 pulldown and its field order are read from the cadence, not from a few chance repeats', () => {
  for (let phase = 0; phase < 5; phase++) {
    expect(pulldownOrder(cadence(50, phase, (phase + 2) % 5))).toBe('tff');
    expect(pulldownOrder(cadence(50, phase, (phase + 3) % 5))).toBe('bff');
  }
  const still = cadence(50, 2, 4).map((repeat, index): FieldRepeat => (index < 20 ? 'neither' : repeat));
  expect(pulldownOrder(still)).toBe('tff');
  expect(pulldownOrder(cadence(12, 2, 4))).toBeUndefined();
  expect(pulldownOrder(Array.from({ length: 50 }, () => 'neither'))).toBeUndefined();
  expect(pulldownOrder(Array.from({ length: 50 }, (_, index) => (index % 2 ? 'top' : 'bottom')))).toBeUndefined();
  fc.assert(
    fc.property(
      fc.array(fc.constantFrom<FieldRepeat>('neither', 'neither', 'neither', 'top', 'bottom'), {
        minLength: 60,
        maxLength: 75,
      }),
      (chance) => {
        expect(pulldownOrder(chance)).toBeUndefined();
      },
    ),
    { seed: 1 },
  );
});

test('idet is read frame by frame', () => {
  const text =
    'frame:0 pts:0\nlavfi.idet.repeated.current_frame=neither\nlavfi.idet.x=1\nframe:1\nlavfi.idet.repeated.current_frame=top\n';
  expect(parseIdet(text)).toEqual(['neither', 'top']);
});

const frame = { pts: 0, key_frame: 0, interlaced_frame: 0, top_field_first: 0, repeat_pict: 0 };
const many = <T>(count: number, value: T): T[] => Array.from({ length: count }, () => value);

test('pictures overrule flags when they are certain, flags decide when they are not', () => {
  const topFirst = many(12, { topFirstLater: 1.8, bottomFirstLater: 1.05 });
  const bottomFirst = many(12, { topFirstLater: 1.05, bottomFirstLater: 1.8 });
  const progressive = many(12, { topFirstLater: 3, bottomFirstLater: 3 });
  const flagged = many(20, { ...frame, interlaced_frame: 1, top_field_first: 1 });
  const plain = many(20, frame);
  const facts = { stated: 'unknown', frames: plain, fits: [], repeats: [] } as const;
  const order = (change: object): string => classifyFields({ ...facts, ...change }).fieldOrder;
  expect(order({})).toBe('progressive');
  expect(order({ fits: topFirst })).toBe('tff');
  expect(order({ frames: flagged })).toBe('tff');
  expect(order({ frames: flagged, fits: bottomFirst })).toBe('bff');
  expect(order({ frames: flagged, fits: progressive })).toBe('progressive');
  expect(order({ stated: 'bff', frames: [] })).toBe('bff');
  expect(order({ stated: 'tff', fits: topFirst.slice(0, 2) })).toBe('progressive');
});

test('soft telecine needs the flags in turn; hard telecine needs most parts to agree', () => {
  const soft = many(20, frame).map((each, index) => ({ ...each, repeat_pict: index % 2 }));
  const facts = { stated: 'tff', frames: soft, fits: [], repeats: [] } as const;
  expect(classifyFields(facts)).toEqual({ fieldOrder: 'progressive', telecine: 'soft' });
  expect(classifyFields({ ...facts, frames: soft.map((each) => ({ ...each, repeat_pict: 1 })) }).telecine).toBe('none');
  const [film, video] = [cadence(60, 2, 4), many<FieldRepeat>(60, 'neither')];
  const hard = (...repeats: FieldRepeat[][]): string => classifyFields({ ...facts, frames: [], repeats }).telecine;
  expect([hard(film), hard(film, film, video), hard(film, video, video), hard(film, cadence(60, 2, 0), film)]).toEqual([
    'hard',
    'hard',
    'none',
    'none',
  ]);
});

test('field order words of ffprobe: what is shown first counts', () => {
  expect(['tt', 'bb', 'tb', 'bt', 'progressive', undefined].map(statedFieldOrder)).toEqual([
    'tff',
    'bff',
    'bff',
    'tff',
    'progressive',
    'unknown',
  ]);
});

test('an entry point whose picture refers to others is found', () => {
  const packets = [
    { pts: 0, flags: 'K_' },
    { pts: 40, flags: '__' },
    { pts: 80, flags: 'K_' },
  ];
  const frames = [
    { pts: 0, key_frame: 1 },
    { pts: 40, key_frame: 0 },
    { pts: 80, key_frame: 1 },
  ];
  expect(entersGradually(packets, frames)).toBe(false);
  expect(entersGradually(packets, [...frames.slice(0, 2), { pts: 80, key_frame: 0 }])).toBe(true);
  expect(entersGradually(packets, frames.slice(1))).toBe(true);
  expect(entersGradually([{ pts: -40, flags: 'KD' }, ...packets], frames)).toBe(false);
  expect(entersGradually([{ flags: 'K_' }], [])).toBe(false);
});

test('side data: turns are clockwise, HDR as x265 writes it', () => {
  expect([-90, 90, 180, -180, 0, -89.6].map((turn) => turnOf([{ rotation: turn }]).rotation)).toEqual([
    90, 270, 180, 180, 0, 90,
  ]);
  const mastering = {
    side_data_type: 'Mastering display metadata',
    ...{
      red_x: '34000/50000',
      red_y: '16000/50000',
      green_x: '13250/50000',
      green_y: '34500/50000',
      blue_x: '7500/50000',
    },
    ...{
      blue_y: '3000/50000',
      white_point_x: '15635/50000',
      white_point_y: '16450/50000',
      min_luminance: '1/10000',
      max_luminance: '10000000/10000',
    },
  };
  expect(masteringDisplay([undefined, [mastering]])).toBe(
    'G(13250,34500)B(7500,3000)R(34000,16000)WP(15635,16450)L(10000000,1)',
  );
  expect(masteringDisplay([[{ ...mastering, red_x: 'x' }]])).toBeUndefined();
  expect(
    contentLight([[{ side_data_type: 'Content light level metadata', max_content: 1000, max_average: 400 }]]),
  ).toBe('1000,400');
  expect(contentLight([[]])).toBeUndefined();
});

test('a file that does not say how long it is holds as many frames as its first ones fit into it', () => {
  const packets = Array.from({ length: 300 }, (_, at) => ({ pos: String(1000 + at * 50) }));
  expect(framesBySize(packets, 300, 1000 + 50 * 7200)).toBe(7200);
  // Those are all that there are.
  expect(framesBySize(packets.slice(0, 20), 300, 1_000_000)).toBe(20);
  // Nothing says where they lie.
  expect(
    framesBySize(
      Array.from({ length: 300 }, () => ({})),
      300,
      1_000_000,
    ),
  ).toBe(300);
});

test('side data that a new encoding loses has a name', () => {
  expect(extrasOf([undefined, [{ side_data_type: 'Display Matrix' }]], false)).toEqual({});
  const dolby = { side_data_type: 'DOVI configuration record', dv_profile: 5 };
  expect(extrasOf([[dolby]], false)).toEqual({ extras: ['Dolby Vision'], needsDolbyVision: true });
  const frame = [
    { side_data_type: 'ATSC A53 Part 4 Closed Captions' },
    { side_data_type: 'HDR Dynamic Metadata SMPTE2094-40 (HDR10+)' },
  ];
  expect(extrasOf([[{ ...dolby, dv_profile: 8 }], frame], false).extras).toEqual([
    'closed captions',
    'Dolby Vision',
    'HDR10+',
  ]);
  expect(extrasOf([], true)).toEqual({ extras: ['closed captions'] });
});
