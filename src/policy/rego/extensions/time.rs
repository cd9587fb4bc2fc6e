//! Times that the plan holds, never the time of the clock. Only UTC: zones change with the machine.

use anyhow::{Context as _, Result, bail};
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};
use regorus::Value;

pub(super) fn parse_rfc3339_ns(arguments: &[Value]) -> Result<Value> {
    let time: Timestamp = arguments[0].as_string()?.parse().context("no time")?;
    Ok(Value::from(time.as_nanosecond()))
}

/// Nanoseconds, or nanoseconds and the name of a zone.
fn zoned(value: &Value) -> Result<Zoned> {
    let nanoseconds = match value {
        Value::Array(parts) => {
            let parts: Vec<&Value> = parts.iter().collect();
            let [nanoseconds, zone] = parts.as_slice() else {
                bail!("no time and zone");
            };
            if !matches!(&**zone.as_string()?, "" | "UTC") {
                bail!("only UTC is known");
            }
            (*nanoseconds).clone()
        }
        _ => value.clone(),
    };
    let time = Timestamp::from_nanosecond(nanoseconds.as_i128()?)?;
    Ok(time.to_zoned(TimeZone::UTC))
}

pub(super) fn weekday(arguments: &[Value]) -> Result<Value> {
    use jiff::civil::Weekday;
    Ok(Value::from(match zoned(&arguments[0])?.weekday() {
        Weekday::Monday => "Monday",
        Weekday::Tuesday => "Tuesday",
        Weekday::Wednesday => "Wednesday",
        Weekday::Thursday => "Thursday",
        Weekday::Friday => "Friday",
        Weekday::Saturday => "Saturday",
        Weekday::Sunday => "Sunday",
    }))
}

fn numbers(list: [i64; 3]) -> Value {
    Value::from(list.map(Value::from).to_vec())
}

pub(super) fn clock(arguments: &[Value]) -> Result<Value> {
    let time = zoned(&arguments[0])?;
    Ok(numbers(
        [time.hour(), time.minute(), time.second()].map(i64::from),
    ))
}

pub(super) fn date(arguments: &[Value]) -> Result<Value> {
    let time = zoned(&arguments[0])?;
    Ok(numbers([
        time.year().into(),
        time.month().into(),
        time.day().into(),
    ]))
}

pub(super) fn parse_duration_ns(arguments: &[Value]) -> Result<Value> {
    let text = arguments[0].as_string()?;
    let mut total: i128 = 0;
    let mut rest = &**text;
    while !rest.is_empty() {
        let digits = rest
            .find(|c: char| !c.is_ascii_digit())
            .context("no unit")?;
        let number: i128 = rest[..digits].parse().context("no number")?;
        rest = &rest[digits..];
        let unit = rest
            .find(|c: char| c.is_ascii_digit())
            .unwrap_or(rest.len());
        let scale = match &rest[..unit] {
            "ns" => 1,
            "us" | "µs" => 1_000,
            "ms" => 1_000_000,
            "s" => 1_000_000_000,
            "m" => 60_000_000_000,
            "h" => 3_600_000_000_000,
            _ => bail!("no unit"),
        };
        let part = number.checked_mul(scale).context("too long")?;
        total = total.checked_add(part).context("too long")?;
        rest = &rest[unit..];
    }
    Ok(Value::from(total))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_in_the_plan_is_read_in_utc() {
        let time = parse_rfc3339_ns(&[Value::from("2026-11-27T17:30:05Z")]).unwrap();
        let show = |value: Result<Value>| {
            value
                .unwrap()
                .to_json_str()
                .unwrap()
                .replace(['\n', ' '], "")
        };
        assert_eq!(show(weekday(std::slice::from_ref(&time))), "\"Friday\"");
        assert_eq!(show(clock(std::slice::from_ref(&time))), "[17,30,5]");
        assert_eq!(
            show(date(&[Value::from(vec![time.clone(), Value::from("UTC")])])),
            "[2026,11,27]"
        );
        assert!(date(&[Value::from(vec![time, Value::from("Europe/Berlin")])]).is_err());
        assert_eq!(
            show(parse_duration_ns(&[Value::from("1h30m")])),
            "5400000000000"
        );
    }
}
