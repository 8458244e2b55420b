// Resolutions of a market's bars, and what stands along the axes.

const MOST = 1000; // candles that are ever drawn: more take too long to draw while one moves
const STEP = 2; // bars that make one of the next resolution
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const DAY = 86400e3;

// The first bar at or after a moment.
function rowAt(time, stamp) {
  let low = 0;
  let high = time.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (time[middle] < stamp) low = middle + 1;
    else high = middle;
  }
  return low;
}

// Neighbouring bars as one: the first open, the last close, the highest and the lowest, all the volume.
function merged(fine) {
  const n = Math.ceil(fine.open.length / STEP);
  const made = { each: fine.each * STEP };
  for (const name of Object.keys(fine)) if (name !== 'each') made[name] = new Float64Array(n);
  for (let i = 0; i < n; i += 1) {
    const first = i * STEP;
    const last = Math.min(first + STEP, fine.open.length) - 1;
    made.open[i] = fine.open[first];
    made.close[i] = fine.close[last];
    made.high[i] = Math.max(...fine.high.subarray(first, last + 1));
    made.low[i] = Math.min(...fine.low.subarray(first, last + 1));
    made.volume[i] = fine.volume.subarray(first, last + 1).reduce((sum, value) => sum + value, 0);
    if (fine.panel) made.panel[i] = fine.panel[last];
  }
  return made;
}

function resolutions(bars) {
  const { open, high, low, close, volume, panel } = bars;
  const levels = [{ each: 1, open, high, low, close, volume, ...(panel ? { panel } : {}) }];
  while (levels.at(-1).open.length > MOST / 2) levels.push(merged(levels.at(-1)));
  return levels;
}

// The finest resolution in which the bars first to last are not too many candles.
function resolution(levels, first, last) {
  return levels.find((level) => (last - first) / level.each + 2 <= MOST) ?? levels.at(-1);
}

// How a stamp is cut at each grain, finest last, and what is written where it changes.
const GRAINS = [
  [3650 * DAY, (d) => Math.floor(d.getUTCFullYear() / 10), (d) => `${d.getUTCFullYear()}`],
  [1826 * DAY, (d) => Math.floor(d.getUTCFullYear() / 5), (d) => `${d.getUTCFullYear()}`],
  [730 * DAY, (d) => Math.floor(d.getUTCFullYear() / 2), (d) => `${d.getUTCFullYear()}`],
  [365 * DAY, (d) => d.getUTCFullYear(), (d) => `${d.getUTCFullYear()}`],
  [91 * DAY, (d) => d.getUTCFullYear() * 4 + Math.floor(d.getUTCMonth() / 3), monthly],
  [30 * DAY, (d) => d.getUTCFullYear() * 12 + d.getUTCMonth(), monthly],
  [7 * DAY, (d) => Math.floor((d.getTime() + 3 * DAY) / (7 * DAY)), dated],
  [2 * DAY, (d) => Math.floor(d.getTime() / (2 * DAY)), dated],
  [DAY, (d) => Math.floor(d.getTime() / DAY), dated],
  ...[12, 6, 3, 1, 0.5, 0.25, 1 / 12, 1 / 60].map((hours) => [
    hours * 3600e3, (d) => Math.floor(d.getTime() / (hours * 3600e3)), timed,
  ]),
];

function monthly(d) {
  return d.getUTCMonth() === 0 ? `${d.getUTCFullYear()}` : `${MONTHS[d.getUTCMonth()]} ’${`${d.getUTCFullYear()}`.slice(2)}`;
}

function dated(d) {
  return `${d.getUTCDate()} ${MONTHS[d.getUTCMonth()]} ’${`${d.getUTCFullYear()}`.slice(2)}`;
}

function timed(d) {
  const clock = d.toISOString().slice(11, 16);
  return clock === '00:00' ? dated(d) : `${d.getUTCDate()} ${MONTHS[d.getUTCMonth()]} ${clock}`;
}

// Dates from the bars first to last, of which a view shows `seen` and has room for `most`, where a year, month, … begins.
function dates(time, first, last, seen, most) {
  const spent = time[last] - time[first];
  const room = most * Math.max((last - first) / Math.max(seen, 1), 1);
  const grain = GRAINS.findLast(([length]) => spent / length <= room) ?? GRAINS[0];
  const at = [];
  const text = [];
  let before = first ? grain[1](new Date(time[first - 1])) : null;
  for (let i = first; i <= last; i += 1) {
    const d = new Date(time[i]);
    const now = grain[1](d);
    if (now !== before) {
      at.push(i);
      text.push(grain[2](d));
    }
    before = now;
  }
  return { at, text };
}

// Prices at round distances; where the highest is many times the lowest 1, 2, 5 of every power of ten.
function prices(low, high, log) {
  if (log && high / low > 6) {
    const steps = high / low > 500 ? [1] : [1, 2, 5];
    const made = [];
    for (let e = Math.floor(Math.log10(low)); e <= Math.ceil(Math.log10(high)); e += 1) {
      made.push(...steps.map((step) => step * 10 ** e));
    }
    const shown = made.filter((value) => value >= low && value <= high);
    return { at: shown, text: shown.map((value) => price(value).replace(/\.0+$/, '')) };
  }
  const raw = (high - low) / 6;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = power * ([1, 2, 5, 10].find((one) => one * power >= raw) ?? 10);
  const at = [];
  for (let value = Math.ceil(low / step) * step; value <= high; value += step) at.push(value);
  const digits = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
  return { at, text: at.map((value) => number(value, digits)) };
}
