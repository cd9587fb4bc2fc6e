//! One pass over the bytes: rows with byte ranges, the digest, and nothing kept that nobody looks at.
//!
//! Owns which keys a plan has at its top and what becomes of each. The order of the keys does not matter.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{BuildHasher, RandomState};
use std::ops::ControlFlow;
use std::sync::OnceLock;

use super::archive::Sha256;
use super::constants::Constants;
use super::digest::{Bytes, Hashed};
use super::effect::{Effect, Kind, Span};
use super::element::{self, Shared, Wrong};
use super::scan::{Item, Opener, Place, Scanner};
use super::value::Value;
use super::window::Fill;
use super::{census, config, input};
use crate::failure::{Exit, Failure};
use names::Names;

mod names;
mod refusal;

/// Takes what the pass finds, while it goes on.
pub trait Sink {
    /// A row, with the JSON text of its element. Rows come in the order of the file.
    fn row(&mut self, effect: Effect, item: &Item<'_>) -> ControlFlow<()>;

    /// A value that stands outside of the rows, with its name: a variable, its default, a setting of a provider.
    /// `marked`: the configuration calls it sensitive, or not, or says nothing. Called when the end is reached, as only then all is known.
    fn constant(&mut self, _name: &str, _value: &Value, _marked: Option<bool>) {}

    /// How far the pass is. Called now and then, also where no rows come.
    fn progress(&mut self, progress: Progress) -> ControlFlow<()>;
}

/// How far a pass is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Progress {
    /// Bytes read.
    pub bytes: u64,
    /// Bytes there are, where that is known.
    pub total: Option<u64>,
    /// Rows found.
    pub rows: u64,
}

/// What stands at the top of a plan, known only at its end.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Header {
    /// `format_version`
    pub format_version: String,
    /// `terraform_version`: of the tool that printed the JSON.
    pub terraform_version: String,
    /// `timestamp`: when the plan was made.
    pub timestamp: Option<String>,
    /// `errored`; `None` where the tool does not say.
    pub errored: Option<bool>,
    /// `complete`; `None` where the tool does not say.
    pub complete: Option<bool>,
    /// `applyable`; `None` where the tool does not say.
    pub applyable: Option<bool>,
    /// Number of managed resources in `prior_state`; `None` if the plan has no `prior_state`.
    pub prior_resources: Option<u64>,
    /// Whether `planned_values` holds no resource at all.
    pub plans_nothing: bool,
    /// Digest of the JSON bytes.
    pub sha256: Sha256,
    /// Number of JSON bytes.
    pub bytes: u64,
    /// Number of rows.
    pub rows: u64,
    /// Source addresses of the providers that the rows name.
    pub providers: BTreeSet<String>,
    /// For each resource block (without instance keys), the blocks that refer to it.
    pub dependants: BTreeMap<String, Vec<String>>,
    /// Switches of providers and the addresses they are given, as far as they are constants: `aws.endpoints.s3`.
    pub provider_settings: Vec<(String, Value)>,
}

impl Header {
    /// The blocks that refer to the block behind a row.
    pub fn dependants_of(&self, effect: &Effect) -> &[String] {
        if self.dependants.is_empty() {
            return &[];
        }
        self.dependants
            .get(&super::address::block(&effect.address()))
            .map_or(&[], Vec::as_slice)
    }
}

/// A fingerprint of an element's bytes, keyed anew for each process: nobody can prepare two texts that share one.
pub fn fingerprint(item: &str) -> u64 {
    static SECRET: OnceLock<[u8; 192]> = OnceLock::new();
    let secret = SECRET.get_or_init(|| {
        let mut secret = [0; 192];
        for (place, word) in secret.chunks_exact_mut(8).enumerate() {
            word.copy_from_slice(&RandomState::new().hash_one(place).to_ne_bytes());
        }
        secret
    });
    xxhash_rust::xxh3::xxh3_64_with_secret(item.as_bytes(), secret)
}

/// Reads a plan's JSON to its end and gives each row to `sink`.
///
/// `total` is the number of bytes, where it is known; it is only told to the sink. Fails on anything that is not one
/// whole plan, and with the reason `stopped` when the sink breaks.
pub fn read<'a>(
    bytes: impl Into<Bytes<'a>>,
    total: Option<u64>,
    sink: &mut dyn Sink,
) -> Result<Header, Failure> {
    std::thread::scope(|scope| {
        let source = Watched {
            hashed: Hashed::start(scope, bytes.into()),
            sink,
            progress: Progress {
                total,
                ..Progress::default()
            },
            told: 0,
        };
        let mut pass = Pass {
            scanner: Scanner::new(source),
            shared: Shared::default(),
            names: Names::default(),
            constants: Constants::default(),
            header: Header {
                plans_nothing: true,
                ..Header::default()
            },
            sections: 0,
            wrapped: None,
        };
        pass.document()?;
        let Pass {
            scanner,
            shared,
            mut header,
            ..
        } = pass;
        header.providers = shared.providers;
        let (source, bytes) = scanner.finish();
        header.bytes = bytes;
        header.sha256 = source.hashed.finish();
        Ok(header)
    })
}

/// After how many bytes the sink hears of the progress.
const TELL: u64 = 1024 * 1024;

/// The reader, with the sink that is told how far it is.
struct Watched<'scope, 'a, 's> {
    hashed: Hashed<'scope, 'a>,
    sink: &'s mut dyn Sink,
    progress: Progress,
    told: u64,
}

impl<'scope, 'a: 'scope> Fill for Watched<'scope, 'a, '_> {
    fn fill(&mut self, free: &mut [u8]) -> Result<usize, Failure> {
        let count = loop {
            match self.hashed.read(free) {
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                other => {
                    break other.map_err(|error| Failure::io("the plan cannot be read", &error))?;
                }
            }
        };
        self.progress.bytes += count as u64;
        if self.progress.bytes - self.told >= TELL || count == 0 {
            self.told = self.progress.bytes;
            if self.sink.progress(self.progress).is_break() {
                return Err(stopped());
            }
        }
        Ok(count)
    }
}

fn stopped() -> Failure {
    Failure::new(
        Exit::Aborted,
        "stopped",
        "reading the plan was stopped before its end",
    )
}

/// The state of one pass.
struct Pass<'scope, 'a, 's> {
    scanner: Scanner<Watched<'scope, 'a, 's>>,
    shared: Shared,
    names: Names,
    constants: Constants,
    header: Header,
    /// How many keys were met that only a plan has.
    sections: u32,
    /// An unknown key whose value looks like a plan.
    wrapped: Option<String>,
}

impl<'scope, 'a: 'scope> Pass<'scope, 'a, '_> {
    fn document(&mut self) -> Result<(), Failure> {
        if input::sniff(self.scanner.head(input::HEAD)?)? == input::Format::PlanFile {
            return Err(input::refuse(
                "plan-file",
                "this is a plan file (zip), at byte 0, and not the plan's JSON",
            )
            .hint("Run `terraform show -json` on it."));
        }
        // The head begins with a brace, so this opens an object.
        self.scanner.open(Opener::Object)?;
        while let Some(key) = self.scanner.next_key()? {
            self.section(&key)?;
            self.scanner.place = Place::default();
        }
        if self.scanner.token()?.is_some() {
            let place = self.scanner.at(self.scanner.offset());
            return Err(input::trailing(self.scanner.ahead(), &place));
        }
        self.is_a_plan()?;
        self.header.provider_settings = self.constants.provider_settings();
        let sink = &mut self.scanner.source().sink;
        self.constants
            .tell(|name, value, marked| sink.constant(name, value, marked));
        Ok(())
    }

    fn section(&mut self, key: &str) -> Result<(), Failure> {
        self.scanner.place.section = Some(key.to_owned());
        self.scanner.place.element = None;
        match key {
            "format_version" => {
                self.header.format_version = self.scalar("a string")?.unwrap_or_default();
                self.format_version()?;
            }
            "terraform_version" => {
                self.header.terraform_version = self.scalar("a string")?.unwrap_or_default();
            }
            "timestamp" => self.header.timestamp = self.scalar("a string")?,
            "errored" => self.header.errored = self.scalar("true or false")?,
            "complete" => self.header.complete = self.scalar("true or false")?,
            "applyable" => self.header.applyable = self.scalar("true or false")?,
            "planned_values" => {
                self.sections += 1;
                self.header.plans_nothing = census::values(&mut self.scanner)?.all == 0;
            }
            "prior_state" => {
                self.header.prior_resources =
                    census::state(&mut self.scanner)?.map(|found| found.managed);
            }
            "resource_changes" => self.list(|json, span, shared| {
                element::change(Kind::Change, json, span, shared).map(Some)
            })?,
            "resource_drift" => self.list(|json, span, shared| {
                element::change(Kind::Drift, json, span, shared).map(Some)
            })?,
            "deferred_changes" => {
                self.list(|json, span, shared| element::deferred(json, span, shared).map(Some))?;
            }
            "action_invocations" | "deferred_action_invocations" => {
                self.list(|json, span, shared| element::invocation(json, span, shared).map(Some))?;
            }
            "checks" => self.list(element::check)?,
            "output_changes" => self.outputs()?,
            "configuration" => self.configuration()?,
            "variables" => self.variables()?,
            "relevant_attributes" | "condition_results" | "proposed_unknown" => {
                self.scanner.skip()?;
            }
            _ => self.unknown(key)?,
        }
        Ok(())
    }

    /// A string, a truth value; a null counts as absent.
    fn scalar<T: serde::de::DeserializeOwned>(
        &mut self,
        wanted: &'static str,
    ) -> Result<Option<T>, Failure> {
        self.scanner.token()?;
        let wrong = self.scanner.wrong_type(wanted);
        self.scanner.item()?;
        let text = self.scanner.item_text()?;
        let value = serde_json::from_str(text).map_err(|_| wrong)?;
        self.scanner.release();
        Ok(value)
    }

    fn list(
        &mut self,
        make: impl Fn(Item<'_>, Span, &mut Shared) -> Result<Option<Effect>, Wrong>,
    ) -> Result<(), Failure> {
        self.sections += 1;
        if !self.scanner.open(Opener::List)? {
            return Ok(());
        }
        let mut number = 0;
        while self.scanner.next_element()? {
            self.scanner.place.element = Some(number);
            number += 1;
            self.item(&make)?;
        }
        Ok(())
    }

    fn outputs(&mut self) -> Result<(), Failure> {
        self.sections += 1;
        if !self.scanner.open(Opener::Object)? {
            return Ok(());
        }
        let mut number = 0;
        while let Some(name) = self.scanner.next_key()? {
            self.scanner.place.element = Some(number);
            number += 1;
            self.item(&|json, span, _| element::output(&name, json, span).map(Some))?;
        }
        Ok(())
    }

    /// The element that stands next, as a row if `make` makes one of it.
    fn item(
        &mut self,
        make: &impl Fn(Item<'_>, Span, &mut Shared) -> Result<Option<Effect>, Wrong>,
    ) -> Result<(), Failure> {
        let start = self.scanner.item()?;
        let (item, source) = self.scanner.taken()?;
        let span = Span {
            start,
            len: item.text.len() as u32,
        };
        let handed = match make(item, span, &mut self.shared) {
            Ok(Some(mut effect)) => {
                if !self.names.admit(&mut effect) {
                    return Err(self.twice(&effect, start));
                }
                hand_over(effect, &item, source, &mut self.header)
            }
            Ok(None) => Ok(()),
            Err(wrong) => return Err(self.wrong(&wrong, start)),
        };
        self.scanner.release();
        handed
    }

    fn variables(&mut self) -> Result<(), Failure> {
        let start = self.scanner.item()?;
        let json = self.scanner.item_text()?;
        let read = self.constants.variables(json);
        read.map_err(|wrong| self.wrong(&wrong, start))?;
        self.scanner.release();
        Ok(())
    }

    fn configuration(&mut self) -> Result<(), Failure> {
        self.sections += 1;
        let start = self.scanner.item()?;
        let json = self.scanner.item_text()?;
        let read = self.constants.configuration(json);
        match read.and_then(|()| config::read(json, start, &mut self.shared)) {
            Ok(found) => {
                self.header.dependants = found.dependants;
                for effect in found.programs {
                    self.row(effect, start)?;
                }
            }
            Err(wrong) => return Err(self.wrong(&wrong, start)),
        }
        self.scanner.release();
        Ok(())
    }

    fn unknown(&mut self, key: &str) -> Result<(), Failure> {
        if self.sections == 0
            && let Some(failure) = input::foreign_key(
                key,
                &format!("at {}", self.scanner.at(self.scanner.key_offset())),
            )
        {
            return Err(failure);
        }
        let start = self.scanner.item()?;
        let json = self.scanner.item_text()?;
        let span = Span {
            start,
            len: json.len() as u32,
        };
        if json.starts_with('{')
            && json.contains("\"format_version\"")
            && json.contains("\"resource_changes\"")
        {
            self.wrapped = Some(key.to_owned());
        }
        self.row(element::unknown_key(key, span), start)?;
        self.scanner.release();
        Ok(())
    }

    /// Hands a row over. Its text is part of the item that begins at `item_start`.
    fn row(&mut self, mut effect: Effect, item_start: u64) -> Result<(), Failure> {
        if !self.names.admit(&mut effect) {
            return Err(self.twice(&effect, item_start));
        }
        let (item, source) = self.scanner.taken()?;
        let from = usize::try_from(effect.span.start - item_start).unwrap_or(usize::MAX);
        let to = from + usize::try_from(effect.span.len).unwrap_or(0);
        hand_over(effect, &item.part(from..to), source, &mut self.header)
    }
}

/// Hands a row to the sink.
fn hand_over(
    mut effect: Effect,
    item: &Item<'_>,
    source: &mut Watched<'_, '_, '_>,
    header: &mut Header,
) -> Result<(), Failure> {
    effect.fingerprint = fingerprint(item.text);
    source.progress.rows += 1;
    header.rows += 1;
    if source.sink.row(effect, item).is_break() {
        return Err(stopped());
    }
    Ok(())
}

#[cfg(test)]
mod tests;
