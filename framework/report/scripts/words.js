// Figures in the words of words.py, digit by digit.

const NONE = '–';
const THIN = '\u202f';

// Python rounds what lies exactly in the middle to the even digit, toFixed away from zero.
function fixed(size, digits) {
  const text = size.toFixed(digits);
  const exact = size.toFixed(digits + 25);
  const tail = exact.slice(-25);
  if (tail[0] !== '5' || /[1-9]/.test(tail.slice(1))) return text;
  const cut = exact.slice(0, -25).replace(/\.$/, '');
  return Number(cut.slice(-1)) % 2 === 0 ? cut : text;
}

function number(value, digits = 2, signed = false) {
  if (Number.isNaN(value)) return NONE;
  if (!Number.isFinite(value)) return value > 0 ? '∞' : '−∞';
  const [whole, part] = fixed(Math.abs(value), digits).split('.');
  const text = whole.replace(/\B(?=(\d{3})+$)/g, ',') + (part === undefined ? '' : `.${part}`);
  if (value === 0 || !(signed || /[1-9]/.test(text))) return text;
  return (value < 0 ? '−' : signed ? '+' : '') + text;
}

function count(value) {
  return number(value, 0);
}

function risks(value) {
  return Number.isNaN(value) ? NONE : `${number(value, 2, true)}${THIN}R`;
}

// A distance in initial risks, which has no sign.
function reach(value) {
  return Number.isNaN(value) ? NONE : `${number(value, 2)}${THIN}R`;
}

// A price in five significant digits, at least to the unit.
function price(value) {
  if (Number.isNaN(value)) return NONE;
  const size = value ? Math.floor(Math.log10(Math.abs(value))) : 0;
  return number(value, Math.min(Math.max(4 - size, 0), size < 0 ? 10 : 2));
}

function money(value) {
  return number(value, Math.abs(value) >= 100 ? 0 : 2, true);
}

function named(word, names = {}) {
  return Object.hasOwn(names, word) ? names[word] : word.replaceAll('_', ' ');
}

function plural(n, word) {
  return `${count(n)} ${word}${n === 1 ? '' : 's'}`;
}

function moment(stamp, daily) {
  const text = new Date(stamp).toISOString();
  return daily ? text.slice(0, 10) : `${text.slice(0, 10)} ${text.slice(11, 16)}`;
}

function capital(text) {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}
