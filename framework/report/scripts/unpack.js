// Tables as packed.py writes them, which says what lies where.

const MISSING = -(2 ** 31);

function bytesOf(text) {
  const raw = atob(text.trim());
  const bytes = new Uint8Array(raw.length);
  for (let i = 0; i < raw.length; i += 1) bytes[i] = raw.charCodeAt(i);
  return bytes;
}

async function inflated(id) {
  const packed = new Blob([bytesOf(document.getElementById(id).textContent)]);
  const stream = packed.stream().pipeThrough(new DecompressionStream('gzip'));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

// n values of `width` bytes each, whose lowest bytes lie first, then the next.
function joined(bytes, at, n, width) {
  const made = new Uint8Array(n * width);
  for (let plane = 0; plane < width; plane += 1) {
    for (let i = 0; i < n; i += 1) made[i * width + plane] = bytes[at + plane * n + i];
  }
  return new DataView(made.buffer);
}

function summed(bytes, at, n) {
  const view = joined(bytes, at, n, 4);
  const whole = new Int32Array(n);
  let sum = 0;
  for (let i = 0; i < n; i += 1) {
    sum = (sum + view.getInt32(i * 4, true)) | 0;
    whole[i] = sum;
  }
  return whole;
}

function floats(bytes, at, n, width) {
  const view = joined(bytes, at, n, width);
  const made = new Float64Array(n);
  for (let i = 0; i < n; i += 1) made[i] = width === 8 ? view.getFloat64(i * 8, true) : view.getFloat32(i * 4, true);
  return made;
}

function column(told, bytes, at, n) {
  if (told.as === 'f8') return floats(bytes, at, n, 8);
  if (told.as === 'f4') return floats(bytes, at, n, 4);
  // A stamp is handed on in milliseconds, as a Date counts.
  if (told.as === 'moment') return floats(bytes, at, n, 8).map((micros) => micros / 1000);
  const whole = summed(bytes, at, n);
  if (told.as === 'word') return Array.from(whole, (code) => told.words[code]);
  if (told.as === 'time') return Float64Array.from(whole, (steps) => (told.base + told.unit * steps) / 1000);
  const scale = 10 ** told.digits;
  return Float64Array.from(whole, (value) => (value === MISSING ? NaN : value / scale));
}

// A packed table as an object of arrays by name, and `rows`.
async function unpacked(id) {
  const bytes = await inflated(id);
  const length = new DataView(bytes.buffer).getUint32(0, true);
  const head = JSON.parse(new TextDecoder().decode(bytes.subarray(4, 4 + length)));
  const table = { rows: head.rows };
  let at = 4 + length;
  for (const told of head.columns) {
    table[told.name] = column(told, bytes, at, head.rows);
    at += head.rows * (['f8', 'moment'].includes(told.as) ? 8 : 4);
  }
  return table;
}
