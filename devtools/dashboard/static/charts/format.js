// Numbers with CloudWatch's units, and times in UTC.
"use strict";

const Format = (() => {
  const MINUTE = 60_000, HOUR = 60 * MINUTE, DAY = 24 * HOUR;
  const TO_MS = { Microseconds: 0.001, Milliseconds: 1, Seconds: 1000 };
  const BYTES = { Bytes: 1, Kilobytes: 1e3, Megabytes: 1e6, Gigabytes: 1e9 };

  function compact(value, digits = 3) {
    const size = Math.abs(value);
    if (size === 0) return "0";
    if (size < 0.001) return value.toExponential(1);
    for (const [limit, suffix] of [[1e12, "T"], [1e9, "G"], [1e6, "M"], [1e4, "k"]]) {
      if (size >= limit) return plain(value / (limit === 1e4 ? 1e3 : limit), digits) + suffix;
    }
    return plain(value, size >= 1000 ? 4 : digits);
  }

  // Rounded to so many digits, but whole numbers stay whole.
  function plain(value, digits) {
    return Number(value.toPrecision(digits)).toLocaleString("en-US", { maximumFractionDigits: 6, useGrouping: false });
  }

  function value(number, unit, full = false) {
    if (number === null || number === undefined || !Number.isFinite(number)) return "–";
    const per = unit && unit.endsWith("/Second") ? "/s" : "";
    const base = per ? unit.slice(0, -"/Second".length) : unit;
    if (full) {
      const named = base && base !== "None" && base !== "Count" ? ` ${base}` : "";
      return `${number.toLocaleString("en-US", { maximumFractionDigits: 6 })}${named}${per}`;
    }
    if (base in TO_MS) return duration(number * TO_MS[base]) + per;
    if (base in BYTES) return compact(number * BYTES[base]) + (per ? "B/s" : "B");
    if (base === "Percent") return `${compact(number)}%`;
    return compact(number) + per;
  }

  function duration(ms) {
    const size = Math.abs(ms);
    if (size === 0) return "0 ms";
    if (size < 1) return `${plain(ms * 1000, 3)} µs`;
    if (size < 1000) return `${plain(ms, 3)} ms`;
    if (size < 120_000) return `${plain(ms / 1000, 3)} s`;
    if (size < 2 * HOUR) return `${plain(ms / MINUTE, 3)} min`;
    return `${plain(ms / HOUR, 3)} h`;
  }

  const percent = (share) => `${plain(share * 100, 3)}%`;
  const moment = (ms) => `${new Date(ms).toISOString().slice(0, 19).replace("T", " ")} UTC`;

  // A tick of a time axis: the day at midnight where more than a day is shown, the clock otherwise.
  function tick(at, span) {
    const text = at.toISOString();
    return at % DAY === 0 && span > DAY ? text.slice(5, 10).replace("-", "/") : text.slice(11, 16);
  }

  return { value, percent, moment, tick };
})();
