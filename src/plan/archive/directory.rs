//! The table of contents of a zip, read so strictly that no two readers can disagree on it.
//!
//! Zip readers differ in which of two equal names they take, in where they think the archive begins, and in whether
//! they look for the table from the front or the back. The tools that write plan files leave no such choice, so neither
//! do we: the first member begins at byte 0, the members follow one another without overlap, the table ends where its
//! end record begins, and the end record is the last thing in the file.

use std::collections::BTreeSet;
use std::io::{Read, Seek, SeekFrom};

use crate::failure::Failure;

use super::bad;

/// More modules and files than this no configuration has.
const MAX_MEMBERS: usize = 20_000;
const MAX_TABLE: u64 = 16 << 20;
const END_RECORD: usize = 22;
const TABLE_ENTRY: usize = 46;
const LOCAL_HEADER: u64 = 30;
const MAX_NAME: usize = 1024;

/// One member as the table of contents describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Member {
    /// Full name inside the zip.
    pub name: String,
    /// Offset of its local header.
    pub start: u64,
    /// Size in the file.
    pub packed: u64,
    /// Size once unpacked.
    pub unpacked: u64,
}

/// Reads the table of contents of a zip of `size` bytes.
pub(super) fn read(file: &mut (impl Read + Seek), size: u64) -> Result<Vec<Member>, Failure> {
    let end_at = size
        .checked_sub(END_RECORD as u64)
        .ok_or_else(|| bad("truncated-zip", "the plan file is too short to be a zip"))?;
    let end: [u8; END_RECORD] = bytes_at(file, end_at, END_RECORD)?
        .try_into()
        .expect("that many bytes were asked for");
    if end[..4] != *b"PK\x05\x06" || end[20..] != [0, 0] {
        return Err(bad(
            "truncated-zip",
            "the plan file does not end with a zip's end record: it is cut off, or something was appended",
        )
        .hint("Copy the plan file again, or make a new plan."));
    }
    let count = usize::from(u16_at(&end, 10));
    let (table_len, table_at) = (u64::from(u32_at(&end, 12)), u64::from(u32_at(&end, 16)));
    let one_volume = end[4..8] == [0; 4] && u16_at(&end, 8) == u16_at(&end, 10);
    if !one_volume || table_at + table_len != end_at {
        return Err(bad(
            "ambiguous-zip",
            format!(
                "the plan file's table of contents does not end at byte {end_at}, where its end record begins"
            ),
        ));
    }
    if count > MAX_MEMBERS || table_len > MAX_TABLE {
        return Err(
            bad("too-many-members", "the plan file has too many members")
                .expected(format!("at most {MAX_MEMBERS}"), count.to_string()),
        );
    }
    let table = bytes_at(file, table_at, table_len as usize)?;
    let members = entries(&table, count)?;
    check_layout(file, &members, table_at)?;
    Ok(members)
}

fn entries(table: &[u8], count: usize) -> Result<Vec<Member>, Failure> {
    let mut members = Vec::new();
    let mut names = BTreeSet::new();
    let mut rest = table;
    for number in 1..=count {
        let broken = || {
            bad(
                "damaged-zip",
                format!("entry {number} of the plan file's table of contents is damaged"),
            )
        };
        let entry = rest.get(..TABLE_ENTRY).ok_or_else(broken)?;
        let (name_len, extra_len) = (
            usize::from(u16_at(entry, 28)),
            usize::from(u16_at(entry, 30)),
        );
        let plain = u16_at(entry, 8) & 1 == 0
            && matches!(u16_at(entry, 10), 0 | 8)
            && entry[32..36] == [0; 4]
            && u32_at(entry, 20) != u32::MAX
            && u32_at(entry, 24) != u32::MAX;
        if entry[..4] != *b"PK\x01\x02" || !plain {
            return Err(broken());
        }
        let end = TABLE_ENTRY + name_len + extra_len;
        let name = rest
            .get(TABLE_ENTRY..TABLE_ENTRY + name_len)
            .filter(|_| end <= rest.len())
            .ok_or_else(broken)?;
        let name = safe_name(name).ok_or_else(|| {
            bad(
                "unsafe-member-name",
                format!("member {number} of the plan file has a name that leaves the archive or cannot be shown"),
            )
        })?;
        if !names.insert(name.clone()) {
            return Err(bad(
                "duplicate-member",
                format!(
                    "the plan file holds two members named {name}; readers disagree on which one counts"
                ),
            ));
        }
        members.push(Member {
            name,
            start: u64::from(u32_at(entry, 42)),
            packed: u64::from(u32_at(entry, 20)),
            unpacked: u64::from(u32_at(entry, 24)),
        });
        rest = &rest[end..];
    }
    if !rest.is_empty() {
        return Err(bad(
            "ambiguous-zip",
            "the plan file's table of contents holds more than its end record counts",
        ));
    }
    Ok(members)
}

fn safe_name(name: &[u8]) -> Option<String> {
    let name = std::str::from_utf8(name).ok()?;
    let safe = !name.is_empty()
        && name.len() <= MAX_NAME
        && !name.contains(['\0', '\\'])
        && name
            .split('/')
            .all(|part| !part.is_empty() && part != "." && part != "..");
    safe.then(|| name.to_owned())
}

/// Checks that the members cover the file from its first byte, in order, without overlap, under the names of the table.
fn check_layout(
    file: &mut (impl Read + Seek),
    members: &[Member],
    table_at: u64,
) -> Result<(), Failure> {
    let mut free_from = 0;
    for (index, member) in members.iter().enumerate() {
        let ambiguous = |what: &str| {
            bad(
                "ambiguous-zip",
                format!("member {} of the plan file {what}", member.name),
            )
        };
        if index == 0 && member.start != 0 {
            return Err(ambiguous(
                "is the first one, and something stands before it",
            ));
        }
        if member.start < free_from {
            return Err(ambiguous("overlaps the one before it"));
        }
        if member.start + LOCAL_HEADER > table_at {
            return Err(ambiguous("lies outside of the archive"));
        }
        let header = bytes_at(file, member.start, LOCAL_HEADER as usize)?;
        let name_len = usize::from(u16_at(&header, 26));
        let name = bytes_at(file, member.start + LOCAL_HEADER, name_len)?;
        if header[..4] != *b"PK\x03\x04" || name != member.name.as_bytes() {
            return Err(ambiguous("has another name in its own header"));
        }
        let data = member.start + LOCAL_HEADER + name_len as u64 + u64::from(u16_at(&header, 28));
        free_from = data + member.packed;
        if free_from > table_at {
            return Err(ambiguous("reaches into the table of contents"));
        }
    }
    Ok(())
}

fn bytes_at(file: &mut (impl Read + Seek), at: u64, len: usize) -> Result<Vec<u8>, Failure> {
    let mut bytes = vec![0; len];
    file.seek(SeekFrom::Start(at))
        .and_then(|_| file.read_exact(&mut bytes))
        .map_err(|error| match error.kind() {
            std::io::ErrorKind::UnexpectedEof => bad(
                "truncated-zip",
                format!("the plan file ends before byte {}", at + len as u64),
            ),
            _ => Failure::io("reading the plan file", &error),
        })?;
    Ok(bytes)
}

fn u16_at(bytes: &[u8], at: usize) -> u16 {
    u16::from_le_bytes([bytes[at], bytes[at + 1]])
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}
