//! What providers are told in the configuration: to trust whoever answers, or to talk to another place.
//!
//! Only constants stand in a plan, and no rows: this is said of the plan as a whole.

use super::redirect::host;
use crate::plan::value::Value;

/// Switches that take away what tells the real service from another one, when they are on.
const ON: [&str; 12] = [
    "allow_insecure",
    "allow_unverified_ssl",
    "disable_ssl",
    "insecure",
    "insecure_skip_tls_verify",
    "insecure_skip_verify",
    "skip_ssl_verify",
    "skip_tls_verify",
    "ssl_skip_verify",
    "tls_insecure",
    "tls_insecure_skip_verify",
    "tls_skip_verify",
];

/// The same, when they are off.
const OFF: [&str; 5] = [
    "ssl_verification",
    "ssl_verify",
    "verify_certs",
    "verify_ssl",
    "verify_tls",
];

/// What of these settings weakens, each in words.
pub fn weakened(settings: &[(String, Value)]) -> Vec<String> {
    settings
        .iter()
        .filter_map(|(path, value)| said(path, value))
        .collect()
}

fn said(path: &str, value: &Value) -> Option<String> {
    let name = path.rsplit('.').next().unwrap_or(path);
    match value {
        Value::Bool(true) if ON.contains(&name) => Some(format!("{path} is on")),
        Value::Bool(false) if OFF.contains(&name) => Some(format!("{path} is off")),
        Value::Text(text) => {
            let host = host(text);
            (!host.is_empty() && !is_usual(host)).then(|| format!("{path} is {host}"))
        }
        _ => None,
    }
}

/// Places that a plan may lead to without a word: this machine, and the names of the clouds themselves.
fn is_usual(host: &str) -> bool {
    let local = ["localhost", "127.0.0.1", "[::1]"];
    let clouds = [
        ".amazonaws.com",
        ".amazonaws.com.cn",
        ".api.aws",
        ".googleapis.com",
        ".localhost",
    ];
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    let name = name.to_ascii_lowercase();
    local.contains(&&*name) || clouds.iter().any(|cloud| name.ends_with(cloud))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_weakens_is_told_and_what_gives_entrance_is_not() {
        for (path, json, said) in [
            (
                "kubernetes.insecure",
                "true",
                Some("kubernetes.insecure is on"),
            ),
            ("kubernetes.insecure", "false", None),
            ("x.verify_ssl", "false", Some("x.verify_ssl is off")),
            ("aws.skip_metadata_api_check", "true", None),
            (
                "aws.endpoints.s3",
                r#""https://u:p@evil.example:8443/x?k=1""#,
                Some("aws.endpoints.s3 is evil.example:8443"),
            ),
            ("aws.endpoints.s3", r#""http://localhost:4566""#, None),
            ("aws.endpoints.s3", r#""http://[::1]:4566""#, None),
            (
                "aws.endpoints.s3",
                r#""https://s3.eu-west-1.amazonaws.com""#,
                None,
            ),
            (
                "aws.endpoints.s3",
                r#""https://s3.amazonaws.com.evil.example""#,
                Some("aws.endpoints.s3 is s3.amazonaws.com.evil.example"),
            ),
        ] {
            let setting = (path.to_owned(), Value::parse(json).unwrap());
            let found = weakened(&[setting]);
            assert_eq!(found.first().map(String::as_str), said, "{path} {json}");
        }
    }
}
