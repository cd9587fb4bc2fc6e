//! Numbers, durations, dates and words on a scale, as one comparable quantity.

use super::catalogue::{Form, Row};
use crate::plan::value::Value;

/// How much `value` is by the row's measure; infinite where it means "for ever", `None` where it cannot be measured.
pub fn quantity(row: &Row, value: Option<&Value>) -> Option<f64> {
    let value = value?;
    if !row.order.is_empty() {
        let word = super::operator::scalar(value).to_lowercase();
        let place = row
            .order
            .iter()
            .position(|known| known.to_lowercase() == word)?;
        return u32::try_from(place).ok().map(f64::from);
    }
    let amount = match value {
        Value::Bool(on) => f64::from(u8::from(*on)),
        Value::Number(number) => number.parse().ok()?,
        Value::Text(text) if text.is_empty() => return None,
        Value::Text(text) => text_quantity(text, row.form)?,
        Value::Null | Value::List(_) | Value::Object(_) => return None,
    };
    let forever = row.unlimited.contains(&amount);
    Some(if forever { f64::INFINITY } else { amount })
}

fn text_quantity(text: &str, form: Form) -> Option<f64> {
    let looks_like_date = text.as_bytes().get(10) == Some(&b'T')
        && text.bytes().take(4).all(|byte| byte.is_ascii_digit());
    if form == Form::Date || looks_like_date {
        return date(text);
    }
    iso_duration(text)
        .or_else(|| unit_duration(text))
        .or_else(|| text.trim().parse().ok())
}

#[allow(clippy::cast_precision_loss)] // Seconds since 1970 fit into the 52 bits.
fn date(text: &str) -> Option<f64> {
    let instant = text.parse::<jiff::Timestamp>().ok();
    let civil = || text.parse::<jiff::civil::DateTime>().ok();
    let seconds = match instant {
        Some(instant) => instant.as_second(),
        None => civil()?
            .to_zoned(jiff::tz::TimeZone::UTC)
            .ok()?
            .timestamp()
            .as_second(),
    };
    Some(seconds as f64)
}

/// `P1Y2M3W4DT5H6M7S`, in seconds. Years have 365 and months 30 days: only the order counts.
fn iso_duration(text: &str) -> Option<f64> {
    let rest = text.strip_prefix('P')?;
    let (days, time) = rest.split_once('T').unwrap_or((rest, ""));
    if days.is_empty() && time.is_empty() {
        return None;
    }
    let day = 86_400.0;
    let days = parts(
        days,
        &[
            ("Y", 365.0 * day),
            ("M", 30.0 * day),
            ("W", 7.0 * day),
            ("D", day),
        ],
    )?;
    Some(days + parts(time, &[("H", 3600.0), ("M", 60.0), ("S", 1.0)])?)
}

/// `3600s`, `1h30m`, `7d`, in seconds.
fn unit_duration(text: &str) -> Option<f64> {
    let units = [
        ("ms", 1e-3),
        ("us", 1e-6),
        ("ns", 1e-9),
        ("d", 86_400.0),
        ("h", 3600.0),
        ("m", 60.0),
        ("s", 1.0),
    ];
    if text.is_empty() {
        None
    } else {
        parts(text, &units)
    }
}

/// Numbers with units, summed up. Each number needs one of the units; the first unit that fits is taken.
fn parts(mut text: &str, units: &[(&str, f64)]) -> Option<f64> {
    let mut sum = 0.0;
    while !text.is_empty() {
        let end = text.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, rest) = text.split_at(end);
        let (unit, factor) = units.iter().find(|(unit, _)| rest.starts_with(unit))?;
        sum += number.parse::<f64>().ok()? * factor;
        text = &rest[unit.len()..];
    }
    Some(sum)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_and_dates_are_measured() {
        for (text, seconds) in [
            ("P7D", Some(604_800.0)),
            ("P1Y", Some(31_536_000.0)),
            ("PT1H30M", Some(5400.0)),
            ("3600s", Some(3600.0)),
            ("1h30m", Some(5400.0)),
            ("100ms", Some(0.1)),
            ("12", Some(12.0)),
            ("2026-01-01T00:00:00Z", Some(1_767_225_600.0)),
            ("P", None),
            ("soon", None),
            ("1.2.3s", None),
            ("", None),
        ] {
            let found = text_quantity(text, Form::Plain);
            assert_eq!(
                found.map(|f| (f * 1000.0).round()),
                seconds.map(|s: f64| (s * 1000.0).round()),
                "{text}"
            );
        }
    }
}
