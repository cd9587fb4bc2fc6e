//! What undersign knows of resource types: rows that people edit, compiled into static tables.
//!
//! Owns the shape of a row and the look-up by type. The rows stand in `src/risk/catalogue/*.txt`, and
//! `src/risk/catalogue/build.rs` turns them into the tables while the crate is built. Judges nothing.

use std::sync::LazyLock;

use regex::Regex;

use super::Risk;
use crate::plan::archive::Sha256;

include!(concat!(env!("OUT_DIR"), "/catalogue.rs"));

/// A regular expression that is compiled when it is first needed.
pub type Pattern = LazyLock<Regex>;

fn compile(pattern: &str) -> Regex {
    Regex::new(pattern).expect("a test compiles every pattern of the catalogue")
}

/// A type whose objects hold what cannot be made again from configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stateful {
    /// How bad it is to lose one.
    pub risk: Risk,
    /// `database`, `key`, `backup`, ...
    pub class: &'static str,
    /// What is lost.
    pub lost: &'static str,
}

/// A type whose only purpose is to protect something else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Guard {
    /// How bad it is to lose one.
    pub risk: Risk,
    /// `scp`, `lock`, `trail`, ...
    pub kind: &'static str,
    /// Making one is what weakens: an exemption, a mute rule.
    pub create: bool,
    /// Changing one counts.
    pub update: bool,
    /// Deleting or detaching one counts.
    pub delete: bool,
    /// What it guards.
    pub guards: &'static str,
    /// What is lost.
    pub lost: &'static str,
}

/// An attribute that holds a policy document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PolicyDocument {
    /// Its path as it is written in the rows.
    pub attribute: &'static str,
    /// Its path.
    pub path: &'static [Step],
    /// `iam-identity`, `google-iam`, ...
    pub dialect: &'static str,
}

/// One step of a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// A member of an object.
    Member(&'static str),
    /// `[*]`: every element of a list.
    Each,
    /// `.*`: every value of a map.
    Values,
}

/// Which change of a value is the bad one.
#[derive(Debug, Clone, Copy)]
pub enum Operator {
    /// On becomes off. A missing value is the row's default.
    TrueToFalse,
    /// Off becomes on.
    FalseToTrue,
    /// A number, a duration, a date, or a place in `order` goes down.
    Decrease,
    /// The mirror image.
    Increase,
    /// A value becomes null or empty.
    Removed,
    /// A collection loses its last element.
    Emptied,
    /// A collection gets its first element, a value is set.
    Added,
    /// Any difference.
    Changed,
    /// A collection loses an element.
    ElementsRemoved,
    /// A collection gains an element.
    ElementsAdded,
    /// The value becomes one of these and was none of them. Lower case.
    SetTo(&'static [&'static str]),
    /// A collection gains one of these.
    AddsAny(&'static [&'static str]),
    /// The value was one of these and is none of them any more. Lower case.
    FromAny(&'static [&'static str]),
    /// The value was the first and becomes the second; `*` is anything else. Lower case.
    From(&'static str, &'static str),
    /// The same, comparing the beginnings.
    FromPrefix(&'static str, &'static str),
    /// A value matches that was not there before.
    Matches(&'static Pattern),
    /// The object is made.
    Created,
    /// A policy document lets more in; judged with the documents.
    PolicyWidened,
}

/// How a value is to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// As it stands.
    Plain,
    /// As a date.
    Date,
    /// As JSON in a string.
    Json,
}

/// One attribute whose change in one direction loses a protection or opens something.
#[derive(Debug, Clone, Copy)]
pub struct Row {
    /// The path as it is written in the rows.
    pub attribute: &'static str,
    /// The path.
    pub path: &'static [Step],
    /// Which change is bad.
    pub operator: Operator,
    /// How bad.
    pub risk: Risk,
    /// `backup`, `encryption`, ...
    pub category: &'static str,
    /// What is lost or opened.
    pub message: &'static str,
    /// What the provider takes where there is no value.
    pub default: bool,
    /// How the value is read.
    pub form: Form,
    /// Beyond this floor (or ceiling) the risk is one step higher.
    pub threshold: Option<f64>,
    /// Numbers that mean "for ever".
    pub unlimited: &'static [f64],
    /// Words from the weakest to the strongest.
    pub order: &'static [&'static str],
    /// The member by which elements of a collection are told apart.
    pub key: Option<&'static str>,
    /// The row says nothing where one of these attributes has this value.
    pub unless: &'static [(&'static str, &'static str)],
    /// The row speaks only where one of these attributes has this value. Empty: everywhere.
    pub only: &'static [(&'static str, &'static str)],
    /// The row speaks of new objects too.
    pub on_create: bool,
}

impl Row {
    /// A row that says nothing yet.
    pub const PLAIN: Row = Row {
        attribute: "",
        path: &[],
        operator: Operator::Changed,
        risk: Risk::Medium,
        category: "",
        message: "",
        default: false,
        form: Form::Plain,
        threshold: None,
        unlimited: &[],
        order: &[],
        key: None,
        unless: &[],
        only: &[],
        on_create: false,
    };
}

/// What an attribute leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Leads {
    /// Callers to a place: a record, an origin, a next hop.
    Name,
    /// To where a program comes from.
    Source,
    /// The same, with a version behind it that may change.
    Image,
    /// To where data is sent.
    Sink,
    /// A program to other places, among settings that lead nowhere.
    Settings,
}

/// An attribute that leads somewhere: with another value everything goes to another place.
#[derive(Debug, Clone, Copy)]
pub struct Redirect {
    /// The path as it is written in the rows.
    pub attribute: &'static str,
    /// The path.
    pub path: &'static [Step],
    /// What it leads to.
    pub leads: Leads,
    /// How bad another value is.
    pub risk: Risk,
    /// What goes elsewhere.
    pub message: &'static str,
}

/// An object that is a version of something: to replace it is how a new one is published.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Version {
    /// What becomes of the old one.
    pub old: &'static str,
}

/// What a heuristic looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// The last name of a path.
    Name,
    /// The whole path.
    Path,
    /// The resource type.
    Type,
}

/// A rule by name, for what no row speaks of.
#[derive(Debug, Clone, Copy)]
pub struct Heuristic {
    /// What it is called.
    pub id: &'static str,
    /// What it looks at.
    pub scope: Scope,
    /// What it looks for.
    pub matches: &'static Pattern,
    /// What it leaves out.
    pub except: Option<&'static Pattern>,
    /// Which change is bad.
    pub operator: Operator,
    /// How bad it may be at most.
    pub cap: Risk,
    /// What it looks like.
    pub message: &'static str,
}

/// Rows by type: exact names sorted, then the few with a `*`.
struct Table<T: 'static> {
    exact: &'static [(&'static str, &'static T)],
    globs: &'static [(&'static str, &'static T)],
}

impl<T> Table<T> {
    fn of(&self, type_name: &str) -> impl Iterator<Item = &'static T> {
        let start = self.exact.partition_point(|(name, _)| *name < type_name);
        let exact = self.exact[start..]
            .iter()
            .take_while(move |(name, _)| *name == type_name);
        let globs = self
            .globs
            .iter()
            .filter(|(glob, _)| matches_glob(glob, type_name));
        exact.chain(globs).map(|(_, row)| *row)
    }

    fn all(&self) -> impl Iterator<Item = (&'static str, &'static T)> {
        self.exact.iter().chain(self.globs).copied()
    }
}

/// What is lost with an object of this type.
pub fn stateful(type_name: &str) -> Option<&'static Stateful> {
    STATEFUL.of(type_name).next()
}

/// What an object of this type guards.
pub fn guard(type_name: &str) -> Option<&'static Guard> {
    GUARD.of(type_name).next()
}

/// Whether objects of this type are versions of something.
pub fn version(type_name: &str) -> Option<&'static Version> {
    VERSION.of(type_name).next()
}

/// The attributes of this type that protect.
pub fn protections(type_name: &str) -> impl Iterator<Item = &'static Row> {
    PROTECTION.of(type_name)
}

/// The attributes of this type that open.
pub fn exposures(type_name: &str) -> impl Iterator<Item = &'static Row> {
    EXPOSURE.of(type_name)
}

/// The attributes of this type that hold a policy document.
pub fn policy_documents(type_name: &str) -> impl Iterator<Item = &'static PolicyDocument> {
    POLICY.of(type_name)
}

/// The attributes of this type that lead somewhere.
pub fn redirects(type_name: &str) -> impl Iterator<Item = &'static Redirect> {
    REDIRECT.of(type_name)
}

/// The rules by name.
pub fn heuristics() -> &'static [Heuristic] {
    HEURISTICS
}

/// Every attribute row with its type, protections first; for tests and for listing.
pub fn rows() -> impl Iterator<Item = (&'static str, &'static Row)> {
    PROTECTION.all().chain(EXPOSURE.all())
}

/// Every redirect with its type; for tests and for listing.
pub fn all_redirects() -> impl Iterator<Item = (&'static str, &'static Redirect)> {
    REDIRECT.all()
}

/// How many rows there are of each kind: stateful, protection, exposure, guard, policy, redirect, version.
pub fn counts() -> [usize; 7] {
    [
        STATEFUL.all().count(),
        PROTECTION.all().count(),
        EXPOSURE.all().count(),
        GUARD.all().count(),
        POLICY.all().count(),
        REDIRECT.all().count(),
        VERSION.all().count(),
    ]
}

/// Digest of the rows and of the version of the rules: two programs with the same one judge alike.
pub fn ruleset_sha256() -> Sha256 {
    RULESET_SHA256
}

/// Whether anything at all is known of this type.
pub fn knows(type_name: &str) -> bool {
    // A stack holds objects of any kind: no row knows what their attributes are called.
    stateful(type_name).is_some_and(|known| known.class != "stack")
        || guard(type_name).is_some()
        || PROTECTION
            .exact
            .binary_search_by(|(name, _)| (*name).cmp(type_name))
            .is_ok()
        || EXPOSURE
            .exact
            .binary_search_by(|(name, _)| (*name).cmp(type_name))
            .is_ok()
}

/// Whether `text` has the form of `glob`, where `*` stands for any run of characters.
pub fn matches_glob(glob: &str, text: &str) -> bool {
    fits(glob, text, |wanted, found| wanted == '?' || wanted == found)
}

/// Whether `glob` matches whatever `other` matches, which is a pattern too: only a `*` takes in what another `*` stands for.
pub fn covers_glob(glob: &str, other: &str) -> bool {
    fits(glob, other, |wanted, found| {
        found != '*' && (wanted == '?' || wanted == found)
    })
}

fn fits(glob: &str, text: &str, one: impl Fn(char, char) -> bool) -> bool {
    let (mut at, mut rest) = (glob, text);
    // The last `*` seen, and what it has to leave over: on a mismatch it takes one character more.
    let mut star: Option<(&str, &str)> = None;
    loop {
        if let Some(after) = at.strip_prefix('*') {
            star = Some((after, rest));
            at = after;
            continue;
        }
        let mut wanted = at.chars();
        let mut found = rest.chars();
        match (wanted.next(), found.next()) {
            (None, None) => return true,
            (Some(w), Some(f)) if one(w, f) => {
                at = wanted.as_str();
                rest = found.as_str();
            }
            _ => {
                let Some((after, left)) = star else {
                    return false;
                };
                let mut left = left.chars();
                if left.next().is_none() {
                    return false;
                }
                star = Some((after, left.as_str()));
                at = after;
                rest = left.as_str();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_is_there() {
        assert_eq!(counts(), [1202, 2350, 892, 524, 153, 191, 6]);
        assert_eq!(heuristics().len(), 20);
    }

    #[test]
    fn every_pattern_compiles() {
        for (_, row) in rows() {
            if let Operator::Matches(pattern) = row.operator {
                assert!(!pattern.as_str().is_empty());
            }
        }
        for heuristic in heuristics() {
            assert!(!heuristic.matches.as_str().is_empty());
            assert!(
                heuristic
                    .except
                    .is_none_or(|except| !except.as_str().is_empty())
            );
        }
    }

    #[test]
    fn a_type_is_found_by_name_and_by_glob() {
        assert_eq!(stateful("aws_db_instance").unwrap().risk, Risk::Critical);
        assert!(stateful("artifactory_local_maven_repository").is_some());
        assert!(stateful("terraform_data").is_none());
        assert!(protections("google_anything").any(|row| row.attribute == "deletion_policy"));
        assert!(protections("aws_db_instance").count() > 8);
    }

    #[test]
    fn a_star_stands_for_any_run() {
        for (glob, text, fits) in [
            ("a*c", "abbc", true),
            ("a*c", "ac", true),
            ("*", "", true),
            ("a*b*c", "a-b-b-c", true),
            ("a*", "b", false),
            ("a?c", "abc", true),
            ("a?c", "ac", false),
        ] {
            assert_eq!(matches_glob(glob, text), fits, "{glob} {text}");
        }
    }
}
