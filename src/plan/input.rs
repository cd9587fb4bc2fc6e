//! What sort of file this is, told from its first bytes.
//!
//! Owns the sentences for everything that people hand over by mistake. What only shows further in (a second document,
//! a cut file) is found by [`super::index`]; keys at the top that belong to other files are known here.

use std::fs::{File, OpenOptions};
use std::io::{Error, ErrorKind};
use std::path::Path;

use crate::failure::{Exit, Failure};

/// Largest plan JSON that is taken where nothing else is said.
pub const MAX_JSON_BYTES: u64 = 1 << 30;

/// How many bytes [`sniff`] wants to see, if the file has them.
pub const HEAD: usize = 64 * 1024;

/// What can be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// The zip that `terraform plan -out` writes.
    PlanFile,
    /// Something that starts like the JSON of `terraform show -json`.
    Json,
}

const SHOW: &str =
    "Give undersign the plan file itself, or run `terraform show -json plan.tfplan > plan.json`.";
const POWERSHELL: &str = "PowerShell's `>` re-codes what a program prints and can lose characters. Use `cmd /c \"terraform show -json plan.tfplan > plan.json\"`, PowerShell 7.4 or newer, or give undersign the plan file itself.";
const WRAPPER: &str = "Set `terraform_wrapper: false` in the setup-terraform step, or give undersign the plan file itself.";
const CLEAN: &str = "Send only standard output of `terraform show -json` to the file, without `2>&1`, or give undersign the plan file itself.";

/// Says what the file is by its first bytes: [`HEAD`] of them, or all if it has fewer. Refuses what cannot be a plan.
pub fn sniff(head: &[u8]) -> Result<Format, Failure> {
    if head.starts_with(b"PK\x03\x04") || head.starts_with(b"PK\x05\x06") {
        return Ok(Format::PlanFile);
    }
    if let Some(failure) = binary(head) {
        return Err(failure);
    }
    let start = head
        .iter()
        .position(|byte| !matches!(byte, b' ' | b'\n' | b'\r' | b'\t'));
    let Some(start) = start else {
        return Err(if head.is_empty() {
            refuse("empty", "the file is empty: 0 bytes")
                .hint("`terraform show -json` prints nothing when it fails; look at its messages and exit code.")
        } else {
            refuse(
                "only-whitespace",
                format!("the file holds only white space: no plan in the first {} bytes", head.len()),
            )
            .hint("`terraform show -json` prints nothing when it fails; look at its messages and exit code.")
        });
    };
    let text = &head[start..];
    let line = count_lines(&head[..start]) + 1;
    let place = format!("at byte {start} (line {line})");
    if text[0] == b'{' {
        return match first_key(text).and_then(|key| foreign_key(&key, &place)) {
            Some(failure) => Err(failure),
            None => Ok(Format::Json),
        };
    }
    Err(not_an_object(text, &place))
}

/// Files that are no UTF-8 text, and the marks in front of some that are.
fn binary(head: &[u8]) -> Option<Failure> {
    let utf16 = |what: &str| {
        refuse(
            "utf-16",
            format!("the file is UTF-16 ({what}), at byte 0; a plan is UTF-8"),
        )
        .expected("UTF-8", what)
        .hint(POWERSHELL)
    };
    let packed = |what: &str| {
        refuse(
            "compressed",
            format!("the file is compressed ({what}), at byte 0"),
        )
        .hint("Unpack it first.")
    };
    Some(match head {
        [0xff, 0xfe, ..] => utf16("little endian, with a byte order mark"),
        [0xfe, 0xff, ..] => utf16("big endian, with a byte order mark"),
        [0xef, 0xbb, 0xbf, ..] => refuse(
            "byte-order-mark",
            "the file begins with a UTF-8 byte order mark, at byte 0; terraform and tofu write none",
        )
        .hint("An editor or a script has re-written the file; its bytes are not those the tool printed.")
        .hint(POWERSHELL),
        [first, 0, ..] if *first != 0 => utf16("little endian, without a byte order mark"),
        [0, second, ..] if *second != 0 => utf16("big endian, without a byte order mark"),
        [0x1f, 0x8b, ..] => packed("gzip"),
        [0x28, 0xb5, 0x2f, 0xfd, ..] => packed("zstd"),
        [0xfd, b'7', b'z', b'X', b'Z', ..] => packed("xz"),
        [b'B', b'Z', b'h', b'1'..=b'9', ..] => packed("bzip2"),
        _ if head.starts_with(b"tfplan") => refuse(
            "plan-before-0.12",
            "this is a plan file of Terraform before 0.12, at byte 0; it cannot be shown as JSON",
        )
        .hint("Plan again with a Terraform of 0.12 or newer."),
        _ => return None,
    })
}

/// Text that does not begin with an object.
fn not_an_object(text: &[u8], place: &str) -> Failure {
    let starts = |with: &str| text.starts_with(with.as_bytes());
    let holds = |what: &str| memchr::memmem::find(text, what.as_bytes()).is_some();
    if starts("null") {
        return refuse("null", format!("the file holds null, {place}, and no plan"))
            .hint("A script such as `jq .missing` made this. Write the plan again.")
            .hint(SHOW);
    }
    if starts("[command]") || starts("::debug::") {
        return refuse(
            "setup-terraform-wrapper",
            format!("the file begins with the line of a wrapper script (`[command]`), {place}"),
        )
        .hint(WRAPPER);
    }
    if let Some(at) = memchr::memmem::find(text, b"{\"format_version\"") {
        if starts("[") && text[1..at].iter().all(u8::is_ascii_whitespace) {
            return refuse(
                "array",
                format!("the file holds a list of plans, {place}, and not one plan"),
            )
            .hint("Review one plan at a time: take the elements out, each as the tool wrote it.");
        }
        if text[0] == 0x1b && at < 16 {
            return refuse(
                "terminal-codes",
                format!("the file begins with a terminal's colour codes (ESC), {place}"),
            )
            .hint(CLEAN);
        }
        let lines = count_lines(&text[..at]);
        return refuse(
            "leading-text",
            format!("other text stands before the JSON, {place}; the JSON begins {lines} lines further down"),
        )
        .hint(CLEAN);
    }
    if starts("[") {
        return refuse(
            "array",
            format!("the file holds a list, {place}, and a plan is an object"),
        )
        .hint(SHOW);
    }
    if starts("UEsDB") {
        return refuse("base64", format!("this is a zip in base64, {place}"))
            .hint("Decode it first: `base64 -d`.");
    }
    if starts("version https://git-lfs") {
        return refuse(
            "git-lfs",
            format!("this is a pointer of Git LFS, {place}, and not the file itself"),
        )
        .hint("Run `git lfs pull`.");
    }
    let printed = [
        "will perform the following",
        "Your infrastructure matches",
        " will be created",
        "\u{2577}",
    ];
    if printed.into_iter().any(holds) {
        return refuse(
            "plan-text",
            format!("this is what the tool prints for people, {place}, and not its JSON"),
        )
        .hint("Save the plan with `terraform plan -out plan.tfplan`.")
        .hint(SHOW);
    }
    refuse(
        "not-json",
        format!("this is neither a plan file nor JSON, {place}"),
    )
    .expected("a zip, or `{`", format!("byte 0x{:02x}", text[0]))
    .hint(SHOW)
}

fn count_lines(bytes: &[u8]) -> usize {
    memchr::memchr_iter(b'\n', bytes).count()
}

/// The first key of the object that `text` begins with, if it is whole and plain.
fn first_key(text: &[u8]) -> Option<String> {
    let behind = text[1..].trim_ascii_start();
    let mut strings = serde_json::Deserializer::from_slice(behind).into_iter::<String>();
    strings.next()?.ok()
}

/// A key at the top that proves that this is another sort of file.
pub(super) fn foreign_key(key: &str, place: &str) -> Option<Failure> {
    Some(match key {
        "@level" | "@message" | "@module" | "@timestamp" => refuse(
            "ndjson",
            format!("these are the messages of `terraform plan -json`, {place}: they hold no values, and are no plan"),
        )
        .hint("Run `terraform plan -out plan.tfplan`, and give undersign plan.tfplan."),
        "remote_plan_format" => refuse(
            "cloud-bookmark",
            format!("this is a bookmark of a plan in HCP Terraform (`remote_plan_format`), {place}: the plan itself is not in it"),
        )
        .hint("Its bytes bind nothing. Download the plan's JSON from the run, or plan without the cloud."),
        "encrypted_data" | "encryption_version" => refuse(
            "encrypted-plan",
            format!("this is a plan file that OpenTofu has encrypted (`{key}`), {place}"),
        )
        .hint("Run `tofu show -json plan.tfplan > plan.json` where the encryption is configured, and review that JSON."),
        "lineage" | "serial" | "values" => refuse(
            "state",
            format!("this is a state (`{key}`), {place}, and not a plan"),
        )
        .hint("Show the plan file and not the state: `terraform show -json plan.tfplan`."),
        _ => return None,
    })
}

/// Opens a plan that must be a regular file. A pipe that nobody writes to is not waited for.
pub fn open(path: &Path) -> Result<File, Failure> {
    let mut options = OpenOptions::new();
    options.read(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.custom_flags(rustix::fs::OFlags::NONBLOCK.bits().cast_signed());
    }
    options
        .open(path)
        .and_then(|file| {
            if file.metadata()?.is_file() {
                Ok(file)
            } else {
                Err(Error::new(ErrorKind::InvalidInput, "not a regular file"))
            }
        })
        .map_err(|error| unopened(path, &error))
}

/// There is no plan at `path`, or none that may be read: whatever the command, it ends as one that is no plan.
pub fn unopened(path: &Path, error: &Error) -> Failure {
    Failure {
        exit: Exit::BadPlan,
        ..Failure::io(path.display(), error)
    }
}

/// A refusal of the file as a plan.
pub(super) fn refuse(reason: &'static str, error: impl Into<String>) -> Failure {
    Failure::new(Exit::BadPlan, reason, error)
}

/// What stands behind the end of the document.
pub(super) fn trailing(behind: &[u8], place: &str) -> Failure {
    if behind.starts_with(b"{") {
        return refuse("two-documents", format!("a second document stands behind the plan, at {place}"))
            .hint("Plans were appended (`>>`, or `terragrunt run --all show`). Write each to a file of its own and review them one by one.");
    }
    if behind.starts_with(b"::") {
        return refuse(
            "setup-terraform-wrapper",
            format!("lines of a wrapper script (`::debug::`) stand behind the plan, at {place}"),
        )
        .hint(WRAPPER);
    }
    if behind.starts_with(b"\x1b") {
        return refuse(
            "terminal-codes",
            format!("a terminal's colour codes (ESC) stand behind the plan, at {place}"),
        )
        .hint(CLEAN);
    }
    refuse(
        "trailing-text",
        format!("other text stands behind the plan, at {place}"),
    )
    .hint(CLEAN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_sort_of_file_has_its_own_word() {
        for (head, reason) in [
            (&b""[..], "empty"),
            (b" \r\n", "only-whitespace"),
            (b"null\n", "null"),
            (b"[1]", "array"),
            (b"\xff\xfe{\0", "utf-16"),
            (b"\xfe\xff\0{", "utf-16"),
            (b"{\0\"\0", "utf-16"),
            (b"\0{\0\"", "utf-16"),
            (b"\xef\xbb\xbf{}", "byte-order-mark"),
            (b"tfplan\x02", "plan-before-0.12"),
            (b"\x1f\x8b\x08", "compressed"),
            (b"{\"remote_plan_format\":1}", "cloud-bookmark"),
            (b"{ \"@level\":\"info\"}", "ndjson"),
            (
                b"[command]/bin/terraform show\n{}",
                "setup-terraform-wrapper",
            ),
            (b"\x1b[0m{\"format_version\":\"1.2\"}", "terminal-codes"),
            (b"Warning: x\n{\"format_version\":\"1.2\"}", "leading-text"),
            (b"UEsDBBQACAAI", "base64"),
            (
                b"Terraform will perform the following actions:",
                "plan-text",
            ),
            (b"hello", "not-json"),
        ] {
            assert_eq!(sniff(head).unwrap_err().reason, reason, "{head:?}");
        }
    }

    #[test]
    fn the_two_formats_pass() {
        assert_eq!(sniff(b"PK\x03\x04\x14\0").unwrap(), Format::PlanFile);
        assert_eq!(sniff(b"\n {\"format_version\"").unwrap(), Format::Json);
        assert_eq!(sniff(b"{").unwrap(), Format::Json);
    }
}
